import type { TestDetails } from '@playwright/test';
import type { ConsoleFault } from '../console/console.ts';
import type { Capability } from '../device.ts';

export interface ProvesOptions {
  /** Optional parts of a device that the test can't do without: it is skipped, with the reason, on a device that lacks one. */
  needs?: readonly Capability[];
  /** What the console may tell of on account of the test, which in any other is a fault of the product. */
  provokes?: readonly ConsoleFault['kind'][];
}

const capabilities: readonly Capability[] = ['sticks', 'two-sticks', 'slots', 'clock'];

/** The promises that a test proves, by their ids in the catalogue, and what it needs: the second argument of `test`. */
export function proves(...claims: [string, ...string[]] | [string, ...string[], ProvesOptions]): TestDetails {
  const promises = claims.flatMap((claim) => (typeof claim === 'string' ? [claim] : []));
  const options = claims.flatMap((claim) => (typeof claim === 'string' ? [] : [claim]));
  const needs = options.flatMap((option) => option.needs ?? []);
  const provokes = options.flatMap((option) => option.provokes ?? []);
  return {
    // So that `--grep storage.no-label` finds the test by its promise.
    tag: promises.map((id) => `@${id}`),
    annotation: [
      ...promises.map((description) => ({ type: 'promise', description })),
      ...needs.map((description) => ({ type: 'needs', description })),
      ...provokes.map((description) => ({ type: 'provokes', description })),
    ],
  };
}

/** What the annotations of a test say it needs. */
export function needsOf(annotations: readonly { type: string; description?: string }[]): Capability[] {
  return capabilities.filter((capability) => annotations.some(({ type, description }) => type === 'needs' && description === capability));
}
