import type { Event, EventOf } from '../../reports/index.ts';
import type { PromiseId } from '../../suites/promises.ts';
import type { Batch } from './batches.ts';
import { mutantId } from './catalogue.ts';

/**
 * killed: a test that claims the promise failed, and the product was charged. survived: all of them passed. undecided: anything else;
 * an error of the test or the lab, a skip or a test that never ran tells nothing of the mutant.
 */
export interface Verdict {
  mutant: string;
  promise: PromiseId;
  how: string;
  verdict: 'killed' | 'survived' | 'undecided';
  /** Title of the test that decided. */
  test?: string;
  /** What it said; or why nothing was decided. */
  reason: string;
  batch: string;
}

type Finished = EventOf<'test-finished'>;

/** Judges a batch's mutants by its event log. @param unfit why mutants were not on the device, by their id */
export function judge(batch: Batch, events: readonly Event[], unfit: ReadonlyMap<string, string> = new Map()): Verdict[] {
  const control = soundness(batch.control, events);
  return batch.mutants.map((mutant) => {
    const id = mutantId(mutant);
    const about = { mutant: id, promise: mutant.promise, how: mutant.how, batch: batch.name };
    const undecided = (reason: string) => ({ ...about, verdict: 'undecided' as const, reason });
    const notMade = unfit.get(id);
    if (notMade !== undefined) return undecided(notMade);
    if (control !== undefined) return undecided(control);
    const claims = claimsOf(mutant.promise, events);
    if (claims.length === 0) return undecided('no test claims the promise');
    const failed = claims.find(({ finished }) => finished?.outcome === 'fail' && finished.cause === 'product' && isOfTheTest(finished));
    if (failed) return { ...about, verdict: 'killed', test: failed.title, reason: wordsOf(failed.finished) };
    const other = claims.find(({ finished }) => finished?.outcome !== 'pass');
    if (other) return { ...undecided(wordsOf(other.finished)), test: other.title };
    return { ...about, verdict: 'survived', test: claims.map(({ title }) => title).join('”, “'), reason: 'the test passed' };
  });
}

/** Why the device can't be trusted; undefined where the control's tests passed. */
function soundness(control: PromiseId, events: readonly Event[]): string | undefined {
  const claims = claimsOf(control, events);
  const failed = claims.find(({ finished }) => finished?.outcome !== 'pass');
  if (claims.length > 0 && failed === undefined) return undefined;
  if (events.some((event) => event.type === 'run-interrupted')) return 'the call was interrupted';
  const broken = events.find((event) => event.type === 'harness-error');
  if (broken) return broken.message;
  return `the control ${control} did not pass: ${failed ? wordsOf(failed.finished) : 'no test claims it'}`;
}

/** Whether a failure arose in the test: where only a fixture failed, as when the app was never deployed, nothing was found out. */
function isOfTheTest({ error }: Finished): boolean {
  return /\.suite\.[jt]s:\d+/.test(error?.stack ?? '');
}

function claimsOf(promise: PromiseId, events: readonly Event[]): { title: string; finished: Finished | undefined }[] {
  const planned = events.flatMap((event) => (event.type === 'tests-planned' ? event.tests : []));
  const finished = new Map(events.flatMap((event) => (event.type === 'test-finished' ? [[event.test, event] as const] : [])));
  return planned.filter(({ promises }) => promises.includes(promise)).map(({ test, title }) => ({ title, finished: finished.get(test) }));
}

/** In one line. */
function wordsOf(finished: Finished | undefined): string {
  if (finished === undefined) return 'the test never ended';
  const { outcome, cause, reason, error } = finished;
  const sides = error?.seen === undefined ? '' : `, expected ${error.expected ?? 'otherwise'}, seen ${error.seen}`;
  const message = error === undefined ? (reason ?? '') : `${error.message.split('\n')[0]}${sides}`;
  return `${outcome}${cause === undefined ? '' : ` (${cause})`}${message === '' ? '' : `: ${message}`}`;
}
