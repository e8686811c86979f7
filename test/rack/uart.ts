/** What a wire makes of the bytes that go over it. */
export type Disturbance = (bytes: Uint8Array) => Uint8Array;

export const clean: Disturbance = (bytes) => bytes;

/** One byte in so many is hit. */
const oneIn = 150;

/** Bytes that nobody sent among those that somebody did, as a loose ground wire makes them. */
export function noisy(): Disturbance {
  const random = chance();
  return (bytes) => Buffer.from([...bytes].flatMap((byte) => (random(oneIn) === 0 ? [byte, random(256), random(256)] : [byte])));
}

/** Bytes that are gone, as an adapter loses them that nobody reads in time. */
export function lossy(): Disturbance {
  const random = chance();
  return (bytes) => bytes.filter(() => random(oneIn) !== 0);
}

/** The same course each time: what goes wrong can be looked at again. Numbers below a bound (Numerical Recipes' linear congruential generator). */
function chance(): (bound: number) => number {
  let state = 1;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
