import type { Event, Verdict } from '../event-log/event.ts';
import { isBroken, resultOfTest, resultsOfPromises, unexpectedFaults, type Result } from './results.ts';
import { recordRun, type RunRecord } from './run-record.ts';
import { counted, tally } from './tally.ts';

/** 0 pass, 1 product failure, 2 usage or configuration, 3 inconclusive, 70 a mistake in boardwalk, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 70 | 130;

export interface Decision {
  verdict: Verdict;
  exitCode: ExitCode;
  /** One sentence. */
  reason: string;
}

/**
 * The answer that the events give. A run-finished event among them is not looked at, so the producer asks before it writes one and a reader gets the same
 * answer afterwards.
 */
export const decideVerdict = (events: Iterable<Event>): Decision => decideRun(recordRun(events));

/** Missing evidence is never a pass, and evidence against the product is never explained away by what went wrong later. */
export function decideRun(run: RunRecord): Decision {
  const promises = resultsOfPromises(run);
  const tests = [...run.tests.values()].map((test) => resultOfTest(run, test));
  const brokenPromises = promises.filter(isBroken);
  const brokenTests = tests.filter((result) => isBroken(result));
  const [fault] = unexpectedFaults(run);

  // 1. Somebody stopped it: whatever else is known, the run didn't end by itself.
  if (run.interrupted !== undefined) {
    const broken = brokenPromises.length > 0 ? `; until then ${counted(brokenPromises.length, 'promise')} broken` : '';
    return { verdict: 'interrupted', exitCode: 130, reason: `interrupted by ${run.interrupted.signal}${broken}` };
  }

  // 2. Evidence against the product.
  if (brokenPromises.length > 0) {
    return {
      verdict: 'fail',
      exitCode: 1,
      reason: `${counted(brokenPromises.length, 'promise')} broken: ${list(brokenPromises.map((p) => p.promise.id))}`,
    };
  }
  if (brokenTests.length > 0) {
    return {
      verdict: 'fail',
      exitCode: 1,
      reason: `${counted(brokenTests.length, 'test')} failed: ${list(brokenTests.map((t) => t.test.title))}`,
    };
  }
  const refused = run.harnessErrors.find((error) => error.cause === 'product');
  if (refused !== undefined) return { verdict: 'fail', exitCode: 1, reason: refused.message };
  if (fault !== undefined && fault.kind !== 'brown-out') {
    return { verdict: 'fail', exitCode: 1, reason: `an unexpected ${fault.kind} on the console of ${fault.device}: ${fault.line.trim()}` };
  }

  // 3. Asked for what cannot be, or our own mistake.
  const usage = run.harnessErrors.find((error) => error.cause === 'usage');
  if (usage !== undefined) return { verdict: 'inconclusive', exitCode: 2, reason: usage.message };
  const harness = run.harnessErrors.find((error) => error.cause === 'harness');
  if (harness !== undefined) return { verdict: 'inconclusive', exitCode: 70, reason: harness.message };

  // 4. Not enough evidence.
  const [error] = run.harnessErrors;
  if (error !== undefined) return inconclusive(error.message);
  if (fault !== undefined) return inconclusive(`an unexpected ${fault.kind} on the console of ${fault.device}: ${fault.line.trim()}`);
  const undecided = promises.filter(isUndecided);
  if (undecided.length > 0)
    return inconclusive(`${counted(undecided.length, 'promise')} undecided: ${list(undecided.map((p) => p.promise.id))}`);
  const undecidedTests = tests.filter((result) => isUndecided(result));
  if (undecidedTests.length > 0) {
    return inconclusive(`${counted(undecidedTests.length, 'test')} undecided: ${list(undecidedTests.map((t) => t.test.title))}`);
  }
  const { noun, words, total, good, skipped } = tally(run);
  if (good === 0) return inconclusive(total === 0 ? 'no promise was asked for' : `every ${noun} was skipped`);

  // 5. Only now.
  return {
    verdict: 'pass',
    exitCode: 0,
    reason: `${counted(good, noun)} ${words.good}${skipped === 0 ? '' : `, ${skipped} skipped for want of a capability`}`,
  };
}

const isUndecided = ({ outcome }: Result): boolean => outcome !== 'pass' && outcome !== 'skip';
const inconclusive = (reason: string): Decision => ({ verdict: 'inconclusive', exitCode: 3, reason });
const list = (names: string[]): string =>
  names.length <= 5 ? names.join(', ') : `${names.slice(0, 4).join(', ')} and ${names.length - 4} more`;
