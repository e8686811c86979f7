import { expect, test } from '@playwright/test';
import { asAttachment, measurement, type Measurement } from './attachments.ts';

export interface MeasureOptions {
  /** As in the report: `s`, `ms`, `MiB`. */
  unit: string;
  /** The limits, both included. A value outside fails the test, which goes on to its end. */
  min?: number;
  max?: number;
  /** Below or above these the value holds, but barely. */
  marginalMin?: number;
  marginalMax?: number;
  better?: 'lower' | 'higher';
}

/** Records a value with its limits in the report, and fails the test (softly) when it is outside them. */
export async function measure(name: string, value: number, options: MeasureOptions): Promise<void> {
  const { unit, better, ...limits } = options;
  const record: Measurement = { name, value, unit, limits, outcome: judge(value, options) };
  if (better !== undefined) record.better = better;
  await test.info().attach(name, asAttachment(measurement, record));
  if (limits.min !== undefined) expect.soft(value, `${name} in ${unit}`).toBeGreaterThanOrEqual(limits.min);
  if (limits.max !== undefined) expect.soft(value, `${name} in ${unit}`).toBeLessThanOrEqual(limits.max);
}

function judge(value: number, { min, max, marginalMin, marginalMax }: MeasureOptions): Measurement['outcome'] {
  const within = (low = -Infinity, high = Infinity) => value >= low && value <= high;
  if (!within(min, max)) return 'fail';
  return within(marginalMin, marginalMax) ? 'pass' : 'marginal';
}
