import type { QmpEvent } from './events.ts';

/** Events kept from the moment of its making until they are read; one reader. */
export class EventStream implements AsyncIterableIterator<QmpEvent, undefined> {
  readonly #kept: QmpEvent[] = [];
  readonly #onEnd: () => void;
  #reader: ((result: IteratorResult<QmpEvent, undefined>) => void) | undefined;
  #ended = false;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  push(event: QmpEvent): void {
    if (this.#ended) return;
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#kept.push(event);
    else reader({ done: false, value: event });
  }

  /** No event comes after those already kept. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader?.({ done: true, value: undefined });
    this.#reader = undefined;
    this.#onEnd();
  }

  next(): Promise<IteratorResult<QmpEvent, undefined>> {
    const kept = this.#kept.shift();
    if (kept !== undefined) return Promise.resolve({ done: false, value: kept });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    const { promise, resolve } = Promise.withResolvers<IteratorResult<QmpEvent, undefined>>();
    this.#reader = resolve;
    return promise;
  }

  return(): Promise<IteratorResult<QmpEvent, undefined>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
