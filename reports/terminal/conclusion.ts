import type { Evidence } from '../event-log/event.ts';
import { clock, printable } from '../printable.ts';
import { againCommand } from '../run/again.ts';
import {
  isBroken,
  resultOfAttempt,
  resultsOfOtherTests,
  resultsOfPromises,
  unexpectedFaults,
  type PromiseResult,
  type TestResult,
} from '../run/results.ts';
import type { RunRecord } from '../run/run-record.ts';
import { counted, tally } from '../run/tally.ts';
import { accountRunTime } from '../run/account-time.ts';
import { concludeRun } from '../summary/summarize.ts';
import { labelled, paint, wrap, type Page } from './page.ts';

/** More lines of evidence than this are in the report. */
const evidenceLines = 8;

/** What a run ends with: everything that didn't hold, worst first, each with its evidence and the next command; the last line is the answer. */
export function conclude(run: RunRecord, page: Page): string[] {
  const promises = resultsOfPromises(run);
  const failed = groupByTest([...promises, ...resultsOfOtherTests(run)].filter(({ outcome }) => outcome === 'fail' || outcome === 'error'));
  const blocks = [
    ...failed.filter(([first]) => isBroken(first)).map((group) => failureBlock(run, group, page)),
    ...unexpectedFaults(run).map((fault) => [
      `${paint(page, 'bad', '✗')} ${paint(page, 'strong', `unexpected ${fault.kind}`)}   ${fault.device}`,
      ...wrap(page, printable(fault.line.trim()), '  '),
      ...labelled(page, '  ', 'console', 15, `console-${fault.device}.log at byte ${fault.offset}`),
    ]),
    ...failed.filter(([first]) => !isBroken(first)).map((group) => failureBlock(run, group, page)),
    ...run.harnessErrors.map((error) => [
      `${paint(page, 'doubt', '!')} ${paint(page, 'strong', `the bench${error.device === undefined ? '' : ` of ${error.device}`}`)}   ${error.cause}`,
      ...wrap(page, printable(error.message), '  '),
      ...(error.advice === '' ? [] : wrap(page, `→ ${printable(error.advice)}`, '  ')),
    ]),
    ...groupByReason(promises, 'miss').map(([reason, group]) => [
      `${paint(page, 'doubt', '!')} ${paint(page, 'strong', `${group.length} not run`)}   ${group[0]?.cause ?? ''}`.trimEnd(),
      ...wrap(page, reason, '  '),
      ...wrap(page, group.map(({ promise }) => promise.id).join(', '), '    '),
    ]),
    ...groupByReason(promises, 'skip').map(([reason, group]) =>
      wrap(page, `– ${group.length} skipped: ${reason} (${group.map(({ promise }) => promise.id).join(', ')})`, ''),
    ),
  ];
  return [...blocks.flatMap((block) => ['', ...block]), '', answer(run, page)];
}

/** The last line. */
function answer(run: RunRecord, page: Page): string {
  const { verdict, exitCode, reason } = concludeRun(run);
  const { noun, words, total, good, bad, undecided, missed, skipped } = tally(run);
  const parts = [
    [good, words.good],
    [bad, words.bad],
    [undecided, 'undecided'],
    [missed, 'not run'],
    [skipped, 'skipped'],
  ] as const;
  const counts = `${counted(total, noun)}: ${parts
    .filter(([n, word]) => n > 0 || word === words.good)
    .map(([n, word]) => `${n} ${word}`)
    .join(', ')}`;
  const time = run.finished?.time ?? accountRunTime(run);
  const shares = [
    ...(time.image_s >= 1 ? [`image ${clock(time.image_s)}`] : []),
    `device ${clock(time.device_s)}`,
    `harness ${clock(time.harness_s)}`,
  ].join(', ');
  // Where the counts alone don't explain the verdict, its reason comes first.
  const explained = verdict === 'pass' || (verdict === 'fail' && bad > 0);
  const style = verdict === 'pass' ? 'good' : verdict === 'fail' ? 'bad' : 'doubt';
  const lead = explained
    ? ''
    : `${paint(page, style, `${verdict === 'fail' ? 'failed' : verdict}, exit ${exitCode}`)}: ${printable(reason)} · `;
  const shown = explained ? paint(page, style, counts) : counts;
  return `${lead}${shown} · ${clock(time.total_s)} (${shares}) · report ${page.runDirectory}/report.html`;
}

/** All promises that one test decided, in one block: the evidence is the same. */
function failureBlock(run: RunRecord, group: readonly (PromiseResult | TestResult)[], page: Page): string[] {
  const [first] = group;
  if (first === undefined) return [];
  const test = 'promise' in first ? first.tests[0] : first;
  const error = test?.attempt?.finished?.error;
  const broken = isBroken(first);
  const ids = group.map((result) => ('promise' in result ? result.promise.id : result.test.title));
  const [promise] = group.flatMap((result) => ('promise' in result ? [result.promise] : []));
  const sources = [
    ...new Set(
      group.flatMap((result) =>
        'promise' in result
          ? [
              `${result.promise.source.document}${result.promise.source.section === undefined ? '' : `, “${result.promise.source.section}”`}`,
            ]
          : [],
      ),
    ),
  ];
  const suite = test?.test.suite ?? promise?.suite ?? '';
  const anchor = promise?.id ?? test?.test.id ?? '';
  return [
    ...wrap(
      page,
      `${broken ? '✗' : '!'} ${ids.join(', ')}   ${first.cause ?? ''}${first.outcome === 'error' ? ' · error' : ''}`.trimEnd(),
      '',
    ).map((line) => paint(page, broken ? 'bad' : 'doubt', line)),
    ...wrap(page, printable(error?.message ?? first.reason ?? promise?.statement ?? '').trim(), '  '),
    ...(error?.expected === undefined ? [] : labelled(page, '    ', 'expected', 14, printable(error.expected))),
    ...(error?.seen === undefined ? [] : labelled(page, '    ', 'seen', 14, printable(error.seen))),
    ...(error?.evidence ?? []).flatMap((evidence) => evidenceBlock(evidence, page)),
    ...(error?.advice === undefined ? [] : wrap(page, `→ ${printable(error.advice)}`, '  ')),
    ...(test?.flaky === true ? labelled(page, '  ', 'attempts', 15, `${attemptsOf(run, test)} (flaky: the first one decides)`) : []),
    ...(sources.length === 0 ? [] : labelled(page, '  ', 'promised by', 15, sources.join('; '))),
    // A command and a path are copied: they are never broken over lines.
    `  ${paint(page, 'faint', 'again')}        ${againCommand(run, suite, promise?.id, test?.test)}`,
    `  ${paint(page, 'faint', 'console')}      ${page.runDirectory}/report.html#${encodeURIComponent(anchor)}`,
  ];
}

const attemptsOf = (run: RunRecord, { test }: TestResult): string =>
  test.attempts.map((attempt) => `${attempt.started.attempt} ${resultOfAttempt(run, attempt).outcome}`).join(', ');

function evidenceBlock({ kind, text }: Evidence, page: Page): string[] {
  const lines = printable(text).trimEnd().split('\n');
  const shown = lines.slice(0, evidenceLines);
  if (lines.length > shown.length) shown.push(`… ${lines.length - shown.length} more lines in the report`);
  return labelled(page, '    ', kind, 14, shown.join('\n'));
}

function groupByTest(results: readonly (PromiseResult | TestResult)[]): [PromiseResult | TestResult, ...(PromiseResult | TestResult)[]][] {
  const groups = new Map<string, [PromiseResult | TestResult, ...(PromiseResult | TestResult)[]]>();
  for (const result of results) {
    const key = 'promise' in result ? (result.tests[0]?.test.id ?? result.promise.id) : result.test.id;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [result]);
    else group.push(result);
  }
  return [...groups.values()];
}

const groupByReason = (promises: readonly PromiseResult[], outcome: 'miss' | 'skip'): [string, PromiseResult[]][] => [
  ...Map.groupBy(
    promises.filter((promise) => promise.outcome === outcome),
    ({ reason }) => printable(reason ?? ''),
  ),
];
