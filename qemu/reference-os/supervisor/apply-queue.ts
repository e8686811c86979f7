import { log } from './log.ts';

/**
 * Lets one change of the device run at a time. Triggered runs wait for each other; an exclusive one (a user's restart, a purge) aborts the
 * running and the waiting ones and goes next (v19.0.5). So a trigger that comes while another run waits for a lock waits too.
 */
export class ApplyQueue {
  #tail: Promise<void> = Promise.resolve();
  #length = 0;
  #triggered = new AbortController();

  get busy(): boolean {
    return this.#length > 0;
  }

  /** Queues a run. It must handle its own failures; `signal` aborts when an exclusive run takes over. */
  trigger(run: (signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#triggered;
    const skipWhenAborted = async (): Promise<void> => {
      if (!signal.aborted) await run(signal);
    };
    this.#append(skipWhenAborted).catch((error: unknown) => log('error', 'an apply failed past its own handling:', error));
  }

  async exclusive(run: () => Promise<void>): Promise<void> {
    this.abort();
    await this.#append(run);
  }

  /** Ends what was triggered so far. */
  abort(): void {
    this.#triggered.abort();
    this.#triggered = new AbortController();
  }

  /** Resolves once nothing runs and nothing waits. */
  async idle(): Promise<void> {
    while (this.busy) await this.#tail;
  }

  #append(run: () => Promise<void>): Promise<void> {
    this.#length += 1;
    const done = this.#tail.then(run).finally(() => {
      this.#length -= 1;
    });
    // A failed run must not keep the next from running; whoever appended it gets the failure.
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
