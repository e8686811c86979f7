import { eventSchema, type Event, type NewEvent } from '../event-log/event.ts';

/**
 * Stamps made-up events as the log would, on a clock of the example's own. `seconds` is the time that passes before the event.
 */
export class ExampleLog {
  readonly events: Event[] = [];
  readonly #startedAt: number;
  #t = 0;

  constructor(startedAt = '2026-11-22T12:02:11.000Z') {
    this.#startedAt = Date.parse(startedAt);
  }

  /** Seconds since the start. */
  get seconds(): number {
    return this.#t / 1000;
  }

  get epochMilliseconds(): number {
    return this.#startedAt + this.#t;
  }

  add(event: NewEvent, seconds = 0): this {
    this.#t += Math.round(seconds * 1000);
    this.events.push(
      eventSchema.parse({ ...event, seq: this.events.length + 1, at: new Date(this.epochMilliseconds).toISOString(), t: this.#t }),
    );
    return this;
  }
}
