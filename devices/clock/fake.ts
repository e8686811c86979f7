import type { Clock, ClockAddress, ClockMode, ClockRequests } from './clock.ts';

/** A time server without a socket: `ask` is what a device would get from it. */
export class FakeClock implements Clock {
  readonly #read: () => number;
  #mode: ClockMode = { answer: 'blocked' };
  #requests: ClockRequests = { count: 0 };

  /** @param read the bench's time, epoch milliseconds. */
  constructor(read: () => number = Date.now) {
    this.#read = read;
  }

  async address(): Promise<ClockAddress> {
    return { host: '192.0.2.123', port: 123 };
  }

  async serve(mode: ClockMode): Promise<void> {
    this.#mode = mode;
    this.#requests = { count: 0 };
  }

  async requests(): Promise<ClockRequests> {
    return { ...this.#requests };
  }

  async now(): Promise<number> {
    return this.#read();
  }

  /** One request of a device: the time it is told, epoch milliseconds, or undefined where no answer comes. */
  ask(): number | undefined {
    const mode = this.#mode;
    if (mode.answer === 'blocked') return undefined;
    const at = this.#read();
    this.#requests = { count: this.#requests.count + 1, lastAt: at };
    if (mode.answer === 'silent') return undefined;
    return mode.answer === 'offset' ? at + mode.seconds * 1000 : at;
  }
}
