import { printable } from '../printable.ts';
import { againCommand } from '../run/again.ts';
import { resultOfAttempt, resultOfTest, type TestResult } from '../run/results.ts';
import type { RunRecord } from '../run/run-record.ts';
import { accountRunTime } from '../run/account-time.ts';
import { suiteNames } from '../summary/summarize.ts';
import { document, element, xmlText } from './xml.ts';

/**
 * JUnit has no standard, so there are two dialects.
 * jenkins-xunit: what junit-10.xsd of the Jenkins xUnit plugin takes: seconds with three decimals, no `file` and no properties at a test case.
 * gitlab: what GitLab shows: the device in `classname` (it merges cases of the same class and name), `file`, and `[[ATTACHMENT|path]]` in system-out.
 */
export type JUnitDialect = 'jenkins-xunit' | 'gitlab';

/** The first attempt of each test decides; a retry is told beside it, never instead of it. */
export function renderJUnit(run: RunRecord, dialect: JUnitDialect): string {
  const suites = suiteNames(run, []).flatMap((suite) => {
    const results = [...run.tests.values()].filter((test) => test.suite === suite).map((test) => resultOfTest(run, test));
    return results.length === 0 ? [] : [suiteElement(run, suite, results, dialect)];
  });
  const all = [...run.tests.values()].map((test) => resultOfTest(run, test));
  return document(
    element(
      'testsuites',
      {
        name: run.started?.run,
        time: seconds((run.finished?.time ?? accountRunTime(run)).total_s),
        tests: all.length,
        failures: all.filter(({ outcome }) => outcome === 'fail').length,
        errors: all.filter(isError).length,
      },
      suites,
    ),
  );
}

function suiteElement(run: RunRecord, suite: string, results: readonly TestResult[], dialect: JUnitDialect): string {
  const properties = {
    image: run.image === undefined ? '' : `${run.image.name} ${run.image.version} ${run.image.variant} sha256:${run.image.sha256}`,
    devices: (run.started?.devices ?? []).map(({ id, type }) => `${id} (${type})`).join(', '),
    boardwalk: run.started?.boardwalk ?? '',
    seed: String(run.started?.seed ?? ''),
  };
  return element(
    'testsuite',
    {
      name: suite,
      tests: results.length,
      failures: results.filter(({ outcome }) => outcome === 'fail').length,
      errors: results.filter(isError).length,
      skipped: results.filter(({ outcome }) => outcome === 'skip').length,
      time: seconds(results.reduce((sum, { attempt }) => sum + (attempt?.finished?.seconds ?? 0), 0)),
      timestamp: run.started?.at.slice(0, 19),
    },
    [
      element(
        'properties',
        {},
        Object.entries(properties).map(([name, value]) => element('property', { name, value: printable(value) })),
      ),
      ...results.map((result) => caseElement(run, result, dialect)),
    ],
  );
}

function caseElement(run: RunRecord, result: TestResult, dialect: JUnitDialect): string {
  const { test, attempt } = result;
  const device = run.started?.devices.find(({ id }) => id === attempt?.started.device);
  const place = [
    test.suite,
    ...(device === undefined ? [] : [device.type]),
    ...(dialect === 'gitlab' && device !== undefined ? [device.id] : []),
  ];
  return element(
    'testcase',
    {
      name: printable(test.title),
      classname: place.join('.'),
      time: seconds(attempt?.finished?.seconds ?? 0),
      ...(dialect === 'gitlab' ? { file: test.file } : {}),
    },
    [
      ...outcomeElements(run, result),
      ...retryElements(run, result, dialect),
      element('system-out', {}, [xmlText(output(run, result, dialect))]),
    ],
  );
}

function outcomeElements(run: RunRecord, result: TestResult): string[] {
  const { outcome, cause, reason, attempt } = result;
  const message = printable(reason ?? '');
  if (outcome === 'skip') return [element('skipped', { message })];
  if (outcome === 'pass') return [];
  return [
    element(outcome === 'fail' ? 'failure' : 'error', { type: cause ?? 'unknown', message }, [
      xmlText(details(attempt?.finished?.error, run, result)),
    ]),
  ];
}

/** Only the Jenkins dialect has words for later attempts. */
function retryElements(run: RunRecord, { test, attempt: first, flaky }: TestResult, dialect: JUnitDialect): string[] {
  if (dialect !== 'jenkins-xunit') return [];
  return test.attempts
    .filter((attempt) => attempt !== first)
    .map((attempt) => ({ attempt, result: resultOfAttempt(run, attempt) }))
    .filter(({ result }) => result.outcome === 'fail' || result.outcome === 'error')
    .map(({ attempt, result }) => {
      const name = `${flaky ? 'flaky' : 'rerun'}${result.outcome === 'fail' ? 'Failure' : 'Error'}`;
      const stack = attempt.finished?.error?.stack;
      const trace = stack === undefined ? [] : [element('stackTrace', {}, [xmlText(printable(stack))])];
      return element(name, { type: result.cause ?? 'unknown', message: printable(result.reason ?? '') }, trace);
    });
}

function details(
  error: NonNullable<NonNullable<TestResult['attempt']>['finished']>['error'],
  run: RunRecord,
  { test }: TestResult,
): string {
  const parts = [
    error?.message,
    error?.expected === undefined ? undefined : `expected: ${error.expected}`,
    error?.seen === undefined ? undefined : `seen: ${error.seen}`,
    ...(error?.evidence ?? []).map(({ kind, text }) => `${kind}:\n${text}`),
    error?.advice,
    `again: ${againCommand(run, test.suite, test.promises[0], test)}`,
    error?.stack,
  ];
  return printable(parts.filter((part) => part !== undefined).join('\n'));
}

function output(run: RunRecord, { test, attempt, flaky }: TestResult, dialect: JUnitDialect): string {
  const attachments = attempt?.finished?.attachments ?? [];
  return [
    ...(test.promises.length === 0 ? [] : [`promises: ${test.promises.join(', ')}`]),
    ...(attempt === undefined ? [] : [`device: ${attempt.started.device}`]),
    ...(flaky
      ? [`flaky: ${test.attempts.map((one) => `attempt ${one.started.attempt} ${resultOfAttempt(run, one).outcome}`).join(', ')}`]
      : []),
    ...(attempt?.measurements ?? []).map(({ name, value, unit, outcome }) => `measured: ${name} = ${value} ${unit} (${outcome})`),
    ...(dialect === 'gitlab' ? attachments.flatMap(({ path }) => (path === undefined ? [] : [`[[ATTACHMENT|${path}]]`])) : []),
  ]
    .map((line) => printable(line))
    .join('\n');
}

/** JUnit has no word for a test that never ran; as an error it cannot be taken for a pass. */
const isError = ({ outcome }: TestResult): boolean => outcome === 'error' || outcome === 'miss';

/** The schema takes three decimals and no thousands separator is needed. */
const seconds = (value: number): string => value.toFixed(3);
