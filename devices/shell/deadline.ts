/** A budget that runs: its signal aborts when it is spent, or when the caller's own signal does. */
export class Deadline implements Disposable {
  readonly budgetMs: number;
  readonly signal: AbortSignal;
  readonly #spent = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #until: number;

  /** @param budgetMs milliseconds from now. */
  constructor(budgetMs: number, signal?: AbortSignal) {
    this.budgetMs = budgetMs;
    this.#until = performance.now() + budgetMs;
    this.#timer = setTimeout(() => this.#spent.abort(), budgetMs);
    this.signal = signal === undefined ? this.#spent.signal : AbortSignal.any([this.#spent.signal, signal]);
  }

  /** True once the budget is spent; false where the caller's signal ended the wait. */
  get spent(): boolean {
    return this.signal.reason !== undefined && this.signal.reason === this.#spent.signal.reason;
  }

  /** Milliseconds. */
  get remaining(): number {
    return Math.max(this.#until - performance.now(), 0);
  }

  /** Settles as the promise does, or rejects with the signal's reason. */
  async race<T>(promise: Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    const ended = Promise.withResolvers<never>();
    const abort = () => ended.reject(this.signal.reason);
    this.signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([promise, ended.promise]);
    } finally {
      this.signal.removeEventListener('abort', abort);
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
