import { AwaitedTooLong } from '../errors.ts';

export interface PatienceOptions {
  /** What is waited for, as it reads after “awaited”. */
  awaited: string;
  /** Milliseconds for one wait. */
  budget: number;
  /** What was seen instead, asked for when the budget is spent. */
  seen: () => string;
  advice: string;
  signal?: AbortSignal | undefined;
}

/**
 * Waits for one thing at a time, each within the same budget. One timer and one listener serve tens of thousands of waits;
 * `Promise.race` would hold every value that ever won until the last wait is over.
 */
export class Patience implements Disposable {
  readonly #options: PatienceOptions;
  readonly #timer: NodeJS.Timeout;
  #giveUp: ((reason: unknown) => void) | undefined;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#timer = setTimeout(() => this.#giveUp?.(this.#late()), options.budget);
    options.signal?.addEventListener('abort', this.#abort);
  }

  /** Settles as the promise does, or rejects with AwaitedTooLong, or with the signal's reason. What was waited for goes on by itself. */
  for<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { signal } = this.#options;
      if (signal?.aborted) {
        promise.catch(() => undefined);
        reject(signal.reason);
        return;
      }
      this.#giveUp = reject;
      this.#timer.refresh();
      promise.then(resolve, reject).finally(() => {
        if (this.#giveUp === reject) this.#giveUp = undefined;
      });
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#abort);
  }

  readonly #abort = () => this.#giveUp?.(this.#options.signal?.reason);

  #late(): AwaitedTooLong {
    const { awaited, budget, seen, advice } = this.#options;
    return new AwaitedTooLong(awaited, budget, seen(), { blame: 'infra', advice });
  }
}
