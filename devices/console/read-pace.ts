/** Milliseconds without a byte that end a burst. */
const silence = 50;
/** Milliseconds that bytes are left to gather at most: 921600 baud bring 3686 bytes in them, and a read brings 4096 at most (Linux, N_TTY_BUF_SIZE). */
const longestGathering = 40;
/** A read that brings so much means that more lies there: the next one isn't put off. */
const muchAtOnce = 4000;
/** What gathering may add to a burst: an eighth of how long it lasts already. */
const share = 1 / 8;

/**
 * How long to let bytes gather before they are read. A UART brings a few bytes at a time, 2,900 times a second at 921600 baud, and waking
 * up for each takes a good part of a core. Only what comes without pause is let gather: an answer to a command is read at once.
 */
export class ReadPace {
  #burstSince = -Infinity;
  #lastRead = -Infinity;

  /** Something was sent: what comes is the beginning of an answer. */
  sent(now: number): void {
    this.#burstSince = now;
  }

  /** So many bytes were read at `now`, in milliseconds: milliseconds until the next read. */
  rest(bytes: number, now: number): number {
    if (now - this.#lastRead > silence) this.#burstSince = now;
    this.#lastRead = now;
    if (bytes >= muchAtOnce) return 0;
    return Math.min(Math.floor((now - this.#burstSince) * share), longestGathering);
  }
}
