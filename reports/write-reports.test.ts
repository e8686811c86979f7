import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { writeExampleRun } from './example-run/example-run.ts';
import { DamagedEventLogError, summarySchema, writeReports } from './index.ts';

const scratch = mkdtempSync(join(tmpdir(), 'boardwalk-reports-'));
test.after.always(() => rmSync(scratch, { recursive: true, force: true }));
const runDirectory = (): string => {
  const directory = mkdtempSync(join(scratch, 'run-'));
  writeExampleRun(directory);
  return directory;
};
const reports = ['junit-gitlab.xml', 'junit.xml', 'report.html', 'summary.json'];
const raw = ['console-qemu-1.idx', 'console-qemu-1.log', 'events.ndjson'];

test('all reports are derived from the run directory, and the same again a second time', async (t) => {
  const directory = runDirectory();
  const { summary, torn } = await writeReports(directory);
  t.is(torn, undefined);
  t.deepEqual(readdirSync(directory).toSorted(), [...raw, ...reports].toSorted());
  t.deepEqual(summarySchema.parse(JSON.parse(readFileSync(join(directory, 'summary.json'), 'utf8'))), JSON.parse(JSON.stringify(summary)));
  t.like(summary, { verdict: 'fail', exitCode: 1 });
  t.is(summary.promises.length, 73);

  const first = reports.map((name) => readFileSync(join(directory, name), 'utf8'));
  for (const name of reports) rmSync(join(directory, name));
  await writeReports(directory);
  t.deepEqual(
    reports.map((name) => readFileSync(join(directory, name), 'utf8')),
    first,
  );
});

test('a run that was killed has reports to its last whole event, and they say so', async (t) => {
  const directory = runDirectory();
  const file = join(directory, 'events.ndjson');
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, `${lines.slice(0, 150).join('\n')}\n${lines[150]?.slice(0, 30)}`);
  const { summary, torn } = await writeReports(directory);
  t.deepEqual(torn, { line: 151, bytes: 30 });
  t.like(summary, { verdict: 'inconclusive', exitCode: 3, run: { finishedAt: null } });
  const html = readFileSync(join(directory, 'report.html'), 'utf8');
  t.regex(html, /The log ends without a result/);
  t.regex(html, /torn at line 151/);
});

test('without consoles, and of a run that never began, there is a report all the same', async (t) => {
  const directory = mkdtempSync(join(scratch, 'run-'));
  writeFileSync(join(directory, 'events.ndjson'), '');
  t.like((await writeReports(directory)).summary, { verdict: 'inconclusive', exitCode: 3 });

  const silent = runDirectory();
  for (const name of ['console-qemu-1.log', 'console-qemu-1.idx']) rmSync(join(silent, name));
  await writeReports(silent);
  t.regex(readFileSync(join(silent, 'report.html'), 'utf8'), /The console log can&#39;t be read: ENOENT/);
});

test('a damaged log gives no reports, and leaves those that are there alone', async (t) => {
  const directory = runDirectory();
  await writeReports(directory);
  const before = readFileSync(join(directory, 'summary.json'), 'utf8');
  appendFileSync(join(directory, 'events.ndjson'), 'nonsense\n');
  await t.throwsAsync(writeReports(directory), { instanceOf: DamagedEventLogError });
  t.is(readFileSync(join(directory, 'summary.json'), 'utf8'), before);
  t.deepEqual(readdirSync(directory).toSorted(), [...raw, ...reports].toSorted());
});
