import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { ExampleLog } from '../example-run/clock.ts';
import { hostileBytes } from '../example-run/console-bytes.ts';
import { harnessError, promise, runStarted, testFinished, testStarted } from '../example-run/events.ts';
import { exampleRun } from '../example-run/example-run.ts';
import type { NewEvent } from '../event-log/event.ts';
import { recordRun } from '../run/run-record.ts';
import { renderJUnit, type JUnitDialect } from './junit.ts';
import { document, element, xmlText } from './xml.ts';

const hasXmllint = ((): boolean => {
  try {
    execFileSync('xmllint', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
const xsd = process.env['BOARDWALK_JUNIT_XSD'] ?? fileURLToPath(new URL('../../../shared/schemas/junit-10.xsd', import.meta.url));

const scratch = mkdtempSync(join(tmpdir(), 'boardwalk-junit-'));
test.after.always(() => rmSync(scratch, { recursive: true, force: true }));
let files = 0;

/** What xmllint says about the text; empty when nothing is wrong. */
function lint(xml: string, ...options: string[]): string {
  const file = join(scratch, `${(files += 1)}.xml`);
  writeFileSync(file, xml);
  try {
    execFileSync('xmllint', ['--noout', ...options, file], { stdio: 'pipe', encoding: 'utf8' });
    return '';
  } catch (error) {
    return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  }
}

function skipped(t: ExecutionContext, needsSchema: boolean): boolean {
  const reason = !hasXmllint
    ? 'xmllint is not installed (libxml2-utils)'
    : needsSchema && !existsSync(xsd)
      ? `there is no ${xsd} (BOARDWALK_JUNIT_XSD names it)`
      : undefined;
  if (reason === undefined) return false;
  t.log(`skipped: ${reason}`);
  t.pass();
  return true;
}

const hostile = hostileBytes.toString('latin1') + hostileBytes.toString('utf8') + '\ud800\uffff\n\t"quoted"';
const log = (...events: NewEvent[]): ExampleLog => {
  const example = new ExampleLog();
  for (const event of events) example.add(event, 0.123_456);
  return example;
};
const planned: NewEvent = {
  type: 'tests-planned',
  tests: [{ test: 'never', suite: 'tmp', title: 'never started', file: 'suites/tmp.suite.ts', line: 9, promises: ['tmp.never'] }],
};
const everyOutcome = log(
  runStarted({ promises: [promise('tmp.gone'), promise('tmp.never')] }),
  planned,
  testStarted('held', ['tmp.held']),
  { type: 'measurement', test: 'held', attempt: 1, name: 'offset', value: 1 / 3, unit: 'ms', limits: { max: 1 }, outcome: 'pass' },
  testFinished('held', 'pass', {
    attachments: [{ name: 'log', contentType: 'text/plain', path: 'attachments/log.txt' }],
    seconds: 1234.567_89,
  }),
  testStarted('skip', ['tmp.skip']),
  testFinished('skip', 'skip'),
  testStarted('fail', ['tmp.gone'], { title: hostile }),
  testFinished('fail', 'fail', {
    error: { message: hostile, expected: hostile, seen: hostile, stack: hostile, evidence: [{ kind: 'console', text: hostile }] },
  }),
  testStarted('fail', ['tmp.gone'], { attempt: 2, title: hostile }),
  testFinished('fail', 'pass', { attempt: 2 }),
  testStarted('error', ['tmp.error']),
  testFinished('error', 'error', { cause: 'infra', reason: 'ssh' }),
  testStarted('error', ['tmp.error'], { attempt: 2 }),
  testFinished('error', 'error', { attempt: 2, cause: 'infra', error: { message: 'ssh', stack: 'at ssh', evidence: [] } }),
  testStarted('broken off', ['tmp.off']),
  harnessError('infra'),
);

for (const [what, events] of [
  ['the example run', exampleRun().events],
  ['every outcome, with hostile bytes everywhere', everyOutcome.events],
  ['an empty log', []],
] as const) {
  test(`jenkins-xunit: ${what} is valid by junit-10.xsd`, (t) => {
    if (skipped(t, true)) return;
    t.is(lint(renderJUnit(recordRun(events), 'jenkins-xunit'), '--schema', xsd), '');
  });
  test(`gitlab: ${what} is well-formed`, (t) => {
    if (skipped(t, false)) return;
    t.is(lint(renderJUnit(recordRun(events), 'gitlab')), '');
  });
}

test('the schema check would notice: the gitlab dialect does not pass it', (t) => {
  if (skipped(t, true)) return;
  t.regex(lint(renderJUnit(recordRun(exampleRun().events), 'gitlab'), '--schema', xsd), /attribute 'file'/);
});

const cases = (dialect: JUnitDialect): string[] =>
  renderJUnit(recordRun(everyOutcome.events), dialect).match(/<testcase.*?<\/testcase>/gs) ?? [];
const caseOf = (dialect: JUnitDialect, id: string): string =>
  cases(dialect).find((one) => one.includes(`name="${id} title"`) || one.includes(`promises: tmp.${id}`)) ?? '';

test('what never ran and what broke off are errors, not passes', (t) => {
  for (const id of ['never', 'off'])
    t.regex(caseOf('gitlab', id), /<error type="infra" message="(it never started|the run ended while it was running)/);
  t.regex(renderJUnit(recordRun(everyOutcome.events), 'gitlab'), /tests="6" failures="1" errors="3" skipped="1"/);
});

test('a retry is told beside the first attempt, which decides', (t) => {
  t.regex(caseOf('jenkins-xunit', 'gone'), /<failure type="product"/);
  t.regex(caseOf('jenkins-xunit', 'gone'), /flaky: attempt 1 fail, attempt 2 pass/);
  t.regex(
    caseOf('jenkins-xunit', 'error'),
    /<error type="infra" message="ssh">.*<rerunError type="infra" message="ssh"><stackTrace>at ssh<\/stackTrace><\/rerunError>/s,
  );
  t.notRegex(caseOf('gitlab', 'error'), /rerun/);
});

test('gitlab has the device, the file and attachments; jenkins has neither file nor attachment', (t) => {
  const [gitlab, jenkins] = [caseOf('gitlab', 'held'), caseOf('jenkins-xunit', 'held')];
  t.regex(gitlab, /classname="tmp\.qemux86-64\.qemu-1" time="1234\.568" file="suites\/storage\.suite\.ts"/);
  t.regex(gitlab, /\[\[ATTACHMENT\|attachments\/log\.txt\]\]/);
  t.regex(jenkins, /classname="tmp\.qemux86-64" time="1234\.568">/);
  t.notRegex(jenkins, /ATTACHMENT/);
  t.regex(jenkins, /measured: offset = 0\.3333333333333333 ms \(pass\)/);
});

test('a failure carries its evidence and the command that runs it again', (t) => {
  const xml = renderJUnit(recordRun(exampleRun().events), 'jenkins-xunit');
  t.regex(xml, /<failure type="product" message="two sticks labelled DATA: the second was mounted over the first">/);
  t.regex(xml, /expected: \/mnt\/storage-usb-DATA-5E1F-01 and …-5E1F-02\nseen: one mount at \/mnt\/DATA\nconsole:\n\[ {2}187/);
  t.regex(xml, /again: npx boardwalk run storage --grep label-same-twice --device qemux86-64 --seed 4711/);
});

test('XML text: escaped, and without what XML cannot hold', (t) => {
  t.is(xmlText('a<b>&"c"\0\x1b\ud800\uffff\r\n\t'), 'a&lt;b&gt;&amp;&quot;c&quot;\ufffd\ufffd\ufffd\ufffd&#13;\n\t');
  t.is(
    document(element('a', { b: 'x\ny', c: undefined }, [element('d', {})])),
    '<?xml version="1.0" encoding="UTF-8"?>\n<a b="x&#10;y"><d/></a>\n',
  );
});
