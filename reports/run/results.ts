import type { CatalogPromise, Cause, EventOf, Outcome, TestError } from '../event-log/event.ts';
import { askedPromises, type Attempt, type RunRecord, type TestRecord } from './run-record.ts';

export interface Result {
  outcome: Outcome;
  cause?: Cause;
  /** One sentence. */
  reason?: string;
}

export interface TestResult extends Result {
  test: TestRecord;
  /** The attempt that decides; without one the test never ran. */
  attempt?: Attempt;
  /** Its attempts disagree about whether it passes. The first one decides all the same. */
  flaky: boolean;
}

export interface PromiseResult extends Result {
  promise: CatalogPromise;
  /** All that claim it, the one that decides first. */
  tests: TestResult[];
}

/** True for what speaks against the product: a verdict of fail needs at least one such result. */
export const isBroken = ({ outcome, cause }: Result): boolean => cause === 'product' && (outcome === 'fail' || outcome === 'error');

const outcomes: readonly Outcome[] = ['fail', 'error', 'miss', 'skip', 'pass'];
const causes: readonly (Cause | undefined)[] = ['product', 'test', 'infra', 'harness', 'unknown', undefined];

/** Negative when a is worse than b: broken first, then by outcome, then by cause. */
export function compareWorstFirst(a: Result, b: Result): number {
  return (
    Number(isBroken(b)) - Number(isBroken(a)) ||
    outcomes.indexOf(a.outcome) - outcomes.indexOf(b.outcome) ||
    causes.indexOf(a.cause) - causes.indexOf(b.cause)
  );
}

/** What a test proved: its first attempt's result, or a miss. */
export function resultOfTest(run: RunRecord, test: TestRecord): TestResult {
  const [first] = test.attempts.toSorted((a, b) => a.started.attempt - b.started.attempt);
  if (first === undefined) return { test, flaky: false, outcome: 'miss', ...whyItStopped(run, 'it never started') };
  const passes = new Set(test.attempts.map((attempt) => attempt.finished?.outcome === 'pass'));
  return { test, attempt: first, flaky: passes.size > 1, ...resultOfAttempt(run, first) };
}

export function resultOfAttempt(run: RunRecord, { finished }: Attempt): Result {
  if (finished === undefined) return { outcome: 'error', ...whyItStopped(run, 'the run ended while it was running') };
  const reason = finished.reason ?? firstLine(finished.error);
  return {
    outcome: finished.outcome,
    ...(finished.cause === undefined ? {} : { cause: finished.cause }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Every promise of the run, in the catalogue's order. The worst of its tests decides; with none it is a miss. */
export function resultsOfPromises(run: RunRecord): PromiseResult[] {
  const claims = new Map<string, TestResult[]>();
  for (const test of run.tests.values()) {
    const result = resultOfTest(run, test);
    for (const id of test.promises) claims.set(id, [...(claims.get(id) ?? []), result]);
  }
  return askedPromises(run).map((promise) => {
    const tests = (claims.get(promise.id) ?? []).toSorted(compareWorstFirst);
    const [worst] = tests;
    if (worst === undefined) return { promise, tests, outcome: 'miss', ...whyItStopped(run, 'no test that claims it ran') };
    const { outcome, cause, reason } = worst;
    return { promise, tests, outcome, ...(cause === undefined ? {} : { cause }), ...(reason === undefined ? {} : { reason }) };
  });
}

/** Tests that claim no promise; they still count for the verdict. */
export function resultsOfOtherTests(run: RunRecord): TestResult[] {
  return [...run.tests.values()].filter((test) => test.promises.length === 0).map((test) => resultOfTest(run, test));
}

/** Faults that no test had announced. */
export const unexpectedFaults = (run: RunRecord): EventOf<'console-fault'>[] => run.faults.filter((fault) => !fault.expected);

function whyItStopped(run: RunRecord, what: string): { cause: Cause; reason: string } {
  if (run.interrupted !== undefined) return { cause: 'unknown', reason: `${what}: the run was interrupted by ${run.interrupted.signal}` };
  const [error] = run.harnessErrors;
  if (error !== undefined) {
    return {
      cause: error.cause === 'usage' ? 'harness' : error.cause === 'product' ? 'unknown' : error.cause,
      reason: `${what}: ${error.message}`,
    };
  }
  return { cause: 'harness', reason: what };
}

const firstLine = (error: TestError | undefined): string | undefined => error?.message.split('\n').find((line) => line.trim() !== '');
