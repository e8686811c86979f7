import type { BootStage, Event, EventOf } from '../event-log/event.ts';
import { clock } from '../printable.ts';
import { isBroken, resultsOfPromises } from '../run/results.ts';
import type { Attempt, RunRecord } from '../run/run-record.ts';
import { tally } from '../run/tally.ts';
import { suiteNames, suiteSeconds } from '../summary/summarize.ts';
import { cut, paint, spread, type Page, type Style } from './page.ts';

/**
 * The lines that stay, as the event that settles them arrives. `run` already contains the event, and `settled` the suites whose line was given before;
 * the function adds to it.
 */
export function settle(run: RunRecord, event: Event, settled: Set<string>, page: Page): string[] {
  switch (event.type) {
    case 'run-started':
      return [...imageLine(run, page), ...deviceLines(event, page)];
    case 'image-ready':
      return imageLine(run, page);
    case 'step':
      return event.state === 'done' || event.state === 'failed' ? [stepLine(event, page)] : [];
    case 'device-boot':
      return event.cause === 'test' ? [] : [bootLine(run, event.device, event.stages, { totalSeconds: event.totalSeconds }, page)];
    case 'test-started':
      return finishedSuites(run, event, settled).flatMap((suite) => settleSuite(run, suite, settled, page));
    case 'run-finished':
      return suitesWithTests(run).flatMap((suite) => settleSuite(run, suite, settled, page));
    default:
      return [];
  }
}

/** The lines that are drawn again and again under those that stay. `now`: milliseconds since the start of the log. */
export function liveLines(run: RunRecord, settled: ReadonlySet<string>, now: number, { width, runDirectory }: Page): string[] {
  if (run.finished !== undefined) return [];
  // They are cut to the width, a wrapped line could not be taken back; colour would be in the way of it.
  const page = { width: width - 1, runDirectory, colour: false };
  const running = runningAttempts(run);
  return [
    ...openSteps(run).map((step) => spread(page, `${label('image', step)}${step.name} …`, clock((now - step.t) / 1000))),
    ...[...run.booting]
      .filter(([device]) => !running.some((attempt) => attempt.started.device === device))
      .map(([device, { since, stages }]) => bootLine(run, device, stages, { secondsSoFar: (now - since) / 1000 }, page)),
    ...suitesWithTests(run)
      .filter((suite) => !settled.has(suite))
      .map((suite) => liveSuiteLine(run, suite, running, now, page)),
  ].map((line) => cut(line, page.width));
}

function imageLine(run: RunRecord, page: Page): string[] {
  if (run.image === undefined) return [];
  const { name, version, variant, sha256, cached } = run.image;
  const identity = [name, version, variant].filter((word) => word !== '').join(' ');
  return [`${paint(page, 'faint', 'image')}    ${identity}  sha256:${sha256.slice(0, 12)}…${cached ? '  (cached)' : ''}`];
}

function deviceLines({ devices, host }: EventOf<'run-started'>, page: Page): string[] {
  const accelerator = host.acceleratorReason === '' ? host.accelerator : `${host.accelerator} (${host.acceleratorReason})`;
  return devices.map(
    ({ id, type }) => `${paint(page, 'faint', 'device')}   ${[id, type, accelerator].filter((word) => word !== '').join(' · ')}`,
  );
}

const label = (word: string, { device }: { device?: string | undefined }): string => `${(device ?? word).padEnd(7)}  `;

function stepLine(step: EventOf<'step'>, page: Page): string {
  const failed = step.state === 'failed' ? ` ${paint(page, 'bad', '✗ failed')}` : '';
  const detail = step.detail === undefined ? '' : ` · ${step.detail}`;
  const word = step.kind === 'provision' ? 'prepare' : step.kind;
  return spread(
    page,
    `${paint(page, 'faint', label(word, step))}${step.name}${failed}${detail}`,
    step.seconds === undefined ? '' : clock(step.seconds),
  ).trimEnd();
}

function bootLine(
  run: RunRecord,
  device: string,
  stages: readonly BootStage[],
  time: { totalSeconds: number } | { secondsSoFar: number },
  page: Page,
): string {
  const several = (run.started?.devices.length ?? 0) > 1;
  const told = stages.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)}`);
  const left = `${paint(page, 'faint', (several ? device : 'boot').padEnd(7))}  `;
  return 'totalSeconds' in time
    ? spread(page, `${left}${told.join(' · ')}`, `${time.totalSeconds.toFixed(1)} s`)
    : spread(page, `${left}${[...told, '…'].join(' · ')}`, clock(time.secondsSoFar));
}

/** A suite has ended on a device when the device goes on to another one. (Not when its last planned test has: a retry may follow.) */
function finishedSuites(run: RunRecord, event: EventOf<'test-started'>, settled: ReadonlySet<string>): string[] {
  const running = new Set(runningAttempts(run).map(({ started }) => started.suite));
  return suitesWithTests(run).filter(
    (suite) => suite !== event.suite && !running.has(suite) && !settled.has(suite) && allPlannedRan(run, suite),
  );
}

const allPlannedRan = (run: RunRecord, suite: string): boolean =>
  [...run.tests.values()].every((test) => test.suite !== suite || test.attempts.length > 0);

const suitesWithTests = (run: RunRecord): string[] =>
  suiteNames(run, []).filter((suite) => [...run.tests.values()].some((test) => test.suite === suite && test.attempts.length > 0));

function settleSuite(run: RunRecord, suite: string, settled: Set<string>, page: Page): string[] {
  if (settled.has(suite)) return [];
  const first = settled.size === 0;
  settled.add(suite);
  const { noun, total, good, bad, skipped } = tally(run, suite);
  const [mark, style]: [string, Style] = bad > 0 ? ['✗', 'bad'] : good + skipped < total ? ['!', 'doubt'] : ['✓', 'good'];
  // What is counted is said once; promises are what goes without saying from then on.
  const things = first || noun === 'test' ? ` ${noun}s` : '';
  const what = good === total ? `${good}${things}` : `${good} of ${total}${skipped === 0 ? '' : `, ${skipped} skipped`}`;
  return [spread(page, `  ${paint(page, style, mark)} ${suite.padEnd(suiteColumn(run))}${what}`, clock(suiteSeconds(run, suite)))];
}

function liveSuiteLine(run: RunRecord, suite: string, running: readonly Attempt[], now: number, page: Page): string {
  const tests = [...run.tests.values()].filter((test) => test.suite === suite);
  const done = tests.filter((test) => test.attempts.some((attempt) => attempt.finished !== undefined)).length;
  const own = running.filter(({ started }) => started.suite === suite);
  const broken = resultsOfPromises(run).filter((result) => result.promise.suite === suite && isBroken(result)).length;
  const titles = own.map(({ started }) => {
    const boot = run.booting.get(started.device);
    const stage = boot?.stages.at(-1);
    const reboot = boot === undefined ? '' : stage === undefined ? ' (booting)' : ` (booting: ${stage.name} done)`;
    return `${started.title}${reboot}`;
  });
  const elapsed = clock(suiteSeconds(run, suite) + own.reduce((sum, { started }) => sum + (now - started.t) / 1000, 0));
  const left = `  · ${suite.padEnd(suiteColumn(run))}${`${done} of ${tests.length} tests`.padEnd(15)}${broken > 0 ? `${broken} broken  ` : ''}`;
  return spread(page, left + cut(titles.join(' | '), Math.max(10, Math.min(page.width, 86) - left.length - elapsed.length - 3)), elapsed);
}

const suiteColumn = (run: RunRecord): number => Math.max(13, ...suiteNames(run, []).map((name) => name.length)) + 1;

const runningAttempts = (run: RunRecord): Attempt[] =>
  [...run.tests.values()].flatMap((test) => test.attempts.filter((attempt) => attempt.finished === undefined));

/** Steps that were started and haven't ended. */
function openSteps(run: RunRecord): EventOf<'step'>[] {
  const open = new Map<string, EventOf<'step'>>();
  for (const step of run.steps) {
    const key = `${step.kind} ${step.device ?? ''} ${step.name}`;
    if (step.state === 'started') open.set(key, step);
    else open.delete(key);
  }
  return [...open.values()];
}
