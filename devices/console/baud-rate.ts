/** Of the rate, by which two sides of an 8N1 line may differ: a byte is sampled for ten bits, and half a bit is 5 %, of which each side may have less than half. */
const tolerance = 0.02;

/**
 * Whether a line at this rate is what was asked for. An adapter divides a clock of its own: a CP2102N makes 115384 of 115200 and says so. One that can't do a rate
 * at all takes another in silence.
 */
export function isRate(asked: number, taken: number): boolean {
  return Math.abs(taken - asked) <= asked * tolerance;
}
