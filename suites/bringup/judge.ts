/** No board that fails at all is one to go on with. */
export const allowedFailureRate = 0;

/** What kernels call an error and is none: a disk that is larger than the image that was written to it, and its journal after a cut. */
const harmless = [
  /GPT:/,
  /EXT4-fs .*: recovery complete/,
  /Volume was not properly unmounted/,
  /integrity: Couldn't/,
  /supply \S+ not found, using dummy regulator/,
];

export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

/** The lines of a kernel's log that somebody should look at. @param log of the levels from `err` on */
export function kernelComplaints(log: string): string[] {
  return linesOf(log).filter((line) => !harmless.some((pattern) => pattern.test(line)));
}

/** The share of bytes that are neither text, line ends, tabs nor of an escape sequence. UTF-8 is text. */
export function garbledShare(bytes: Uint8Array): number {
  if (bytes.length === 0) return 0;
  const text = new TextDecoder().decode(bytes);
  const wrong = text.match(/[\u{fffd}\u{0}-\u{6}\u{e}-\u{1a}\u{1c}-\u{1f}\u{7f}]/gu) ?? [];
  return wrong.length / bytes.length;
}

/**
 * The failure rate that so many failures in so many rounds leave possible with 95 % confidence: the upper bound of Clopper and Pearson, found by halving. Without a
 * failure it is the rule of three: about 3 ÷ rounds.
 */
export function highestFailureRate(failures: number, rounds: number): number {
  if (failures >= rounds) return 1;
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step += 1) {
    const rate = (low + high) / 2;
    if (atMost(failures, rounds, rate) > 0.05) low = rate;
    else high = rate;
  }
  return high;
}

/** The probability of at most so many failures at a rate. */
function atMost(failures: number, rounds: number, rate: number): number {
  let term = (1 - rate) ** rounds;
  let sum = term;
  for (let count = 1; count <= failures; count += 1) {
    term *= ((rounds - count + 1) / count) * (rate / (1 - rate));
    sum += term;
  }
  return sum;
}
