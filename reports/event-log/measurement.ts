import type { EventOf, Limits } from './event.ts';

/** Holds a value against its limits, both ends included. Marginal: inside the limits, outside the marginal band. */
export function judgeMeasurement(value: number, limits: Limits): EventOf<'measurement'>['outcome'] {
  const outside = (min?: number, max?: number): boolean => (min !== undefined && value < min) || (max !== undefined && value > max);
  if (outside(limits.min, limits.max)) return 'fail';
  return outside(limits.marginalMin, limits.marginalMax) ? 'marginal' : 'pass';
}
