import { isBroken, resultsOfOtherTests, resultsOfPromises, type Result } from './results.ts';
import type { RunRecord } from './run-record.ts';

/** What a run, or one of its suites, is counted by: its promises, or its tests where it promises nothing. */
export interface Tally {
  noun: 'promise' | 'test';
  /** The words for those that are as they should be, and for those that speak against the product. */
  words: { good: 'held' | 'passed'; bad: 'broken' | 'failed' };
  total: number;
  good: number;
  bad: number;
  skipped: number;
  /** Never ran. */
  missed: number;
  /** Ended without saying anything of the product. */
  undecided: number;
}

/** @param suite default: the whole run */
export function tally(run: RunRecord, suite?: string): Tally {
  const promises = resultsOfPromises(run).filter(({ promise }) => suite === undefined || promise.suite === suite);
  const tests = resultsOfOtherTests(run).filter(({ test }) => suite === undefined || test.suite === suite);
  if (promises.length > 0 || tests.length === 0) return { noun: 'promise', words: { good: 'held', bad: 'broken' }, ...counts(promises) };
  return { noun: 'test', words: { good: 'passed', bad: 'failed' }, ...counts(tests) };
}

function counts(results: readonly Result[]): Omit<Tally, 'noun' | 'words'> {
  const number = (test: (result: Result) => boolean): number => results.filter(test).length;
  const bad = number(isBroken);
  return {
    total: results.length,
    good: number(({ outcome }) => outcome === 'pass'),
    bad,
    skipped: number(({ outcome }) => outcome === 'skip'),
    missed: number(({ outcome }) => outcome === 'miss'),
    undecided: number(({ outcome }) => outcome === 'fail' || outcome === 'error') - bad,
  };
}

/** `1 promise`, `3 tests`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
