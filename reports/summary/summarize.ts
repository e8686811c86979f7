import type { Event } from '../event-log/event.ts';
import { accountRunTime } from '../run/account-time.ts';
import { decideRun, type Decision } from '../run/decide-verdict.ts';
import { resultOfAttempt, resultOfTest, resultsOfPromises, type PromiseResult, type Result } from '../run/results.ts';
import { recordRun, type RunRecord } from '../run/run-record.ts';
import type { Summary } from './summary.ts';

/** The summary of a run, whole or cut short. */
export const summarize = (events: Iterable<Event>): Summary => summarizeRun(recordRun(events));

export function summarizeRun(run: RunRecord): Summary {
  const { started } = run;
  const promises = resultsOfPromises(run);
  const devices = started?.devices ?? [];
  return {
    run: {
      id: started?.run ?? '',
      startedAt: started?.at ?? null,
      finishedAt: run.finished?.at ?? null,
      boardwalk: started?.boardwalk ?? '',
      argv: started?.argv ?? [],
      seed: started?.seed ?? 0,
    },
    image: run.image ?? null,
    device: devices[0] ?? null,
    devices,
    ...concludeRun(run),
    promises: promises.map(({ promise, tests, ...result }) => ({ id: promise.id, ...result, tests: tests.map(({ test }) => test.id) })),
    tests: [...run.tests.values()].map((test) => {
      const { attempts, ...identity } = test;
      const { flaky, ...result } = resultOfTest(run, test);
      return {
        ...identity,
        promises: [...test.promises],
        ...only(result),
        flaky,
        attempts: attempts.map((attempt) => ({
          attempt: attempt.started.attempt,
          device: attempt.started.device,
          ...resultOfAttempt(run, attempt),
          seconds: attempt.finished?.seconds ?? 0,
          deviceSeconds: attempt.finished?.deviceSeconds ?? 0,
        })),
      };
    }),
    suites: suiteNames(run, promises).map((id) => {
      const own = promises.filter(({ promise }) => promise.suite === id);
      return { id, promises: own.length, held: own.filter(({ outcome }) => outcome === 'pass').length, seconds: suiteSeconds(run, id) };
    }),
    time: run.finished?.time ?? accountRunTime(run),
    faults: run.faults.map(({ device, kind, line, offset, expected }) => ({ device, kind, line, offset, expected })),
    errors: run.harnessErrors.map(({ message, cause, advice }) => ({ message, cause, advice })),
  };
}

/** The verdict as its reader gets it: a log that ends without run-finished can still prove a failure, and never a pass. */
export function concludeRun(run: RunRecord): Decision {
  const decision = decideRun(run);
  if (run.finished !== undefined || decision.verdict !== 'pass') return decision;
  return { verdict: 'inconclusive', exitCode: 3, reason: 'the log ends without a result: the run was killed, or is still going' };
}

/** In the order asked for, then those that only tests or promises name. */
export const suiteNames = (run: RunRecord, promises: readonly PromiseResult[]): string[] => [
  ...new Set([
    ...(run.started?.suites ?? []),
    ...promises.map(({ promise }) => promise.suite),
    ...[...run.tests.values()].map((test) => test.suite),
  ]),
];

export const suiteSeconds = (run: RunRecord, suite: string): number => {
  const attempts = [...run.tests.values()].filter((test) => test.suite === suite).flatMap((test) => test.attempts);
  return Math.round(attempts.reduce((sum, attempt) => sum + (attempt.finished?.seconds ?? 0), 0) * 1000) / 1000;
};

const only = ({ outcome, cause, reason }: Result): Result => ({
  outcome,
  ...(cause === undefined ? {} : { cause }),
  ...(reason === undefined ? {} : { reason }),
});
