import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { ReportsError } from '../errors.ts';
import { eventSchema, type Event, type NewEvent } from './event.ts';

/** A producer made an event that its schema refuses: a mistake in boardwalk. Nothing was written. */
export class InvalidEventError extends ReportsError {}
/** The log can't be created or written: a full disk, a missing directory, a log that is already there. */
export class EventLogWriteError extends ReportsError {}

/** Events that must survive a power failure of the host itself. The others survive any death of the process, since write(2) has handed them to the kernel. */
const synced: ReadonlySet<Event['type']> = new Set([
  'run-started',
  'test-finished',
  'console-fault',
  'harness-error',
  'run-interrupted',
  'run-finished',
]);

/**
 * The append-only log of one run. One process writes it; each event is stamped, checked against the schema and handed to the kernel as one whole line before
 * `write` returns, so that after `kill -9` at most the last line is torn.
 */
export class EventLog implements Disposable {
  readonly file: string;
  readonly #descriptor: number;
  readonly #openedAt = performance.now();
  readonly #listeners = new Set<(event: Event) => void>();
  #seq = 0;
  #length = 0;
  #open = true;

  private constructor(file: string, descriptor: number) {
    this.file = file;
    this.#descriptor = descriptor;
  }

  /** Creates the log; a file that is already there is another run's truth and is refused. The directory must exist. */
  static create(file: string): EventLog {
    try {
      return new EventLog(file, openSync(file, 'ax', 0o644));
    } catch (error) {
      throw new EventLogWriteError(`the event log ${file} can't be created`, {
        evidence: messageOf(error),
        advice: 'make its directory first, and give every run a directory of its own',
        cause: error,
      });
    }
  }

  /** Stamps, checks and appends an event, then tells the subscribers. Returns the event as it was written. */
  write(event: NewEvent): Event {
    const stamped = { ...event, seq: this.#seq + 1, at: new Date().toISOString(), t: round(performance.now() - this.#openedAt) };
    const checked = eventSchema.safeParse(stamped);
    if (!checked.success) {
      throw new InvalidEventError(`a ${event.type} event doesn't fit its schema`, {
        evidence: z.prettifyError(checked.error),
        advice: 'this is a mistake in boardwalk: please report it with this message',
        cause: checked.error,
      });
    }
    this.#append(Buffer.from(`${JSON.stringify(checked.data)}\n`));
    this.#seq += 1;
    if (synced.has(checked.data.type)) fsyncSync(this.#descriptor);
    for (const listener of this.#listeners) listener(checked.data);
    return checked.data;
  }

  /** Calls the listener with each event from now on, after it was written. Returns the way out. */
  subscribe(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Syncs and closes; a second call does nothing. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #append(line: Buffer): void {
    if (!this.#open) {
      throw new EventLogWriteError(`the event log ${this.file} is closed`, {
        evidence: `after ${this.#seq} events came ${line.toString().slice(0, 120)}`,
        advice: 'this is a mistake in boardwalk: please report it with this message',
      });
    }
    try {
      for (let written = 0; written < line.length;) written += writeSync(this.#descriptor, line, written);
      this.#length += line.length;
    } catch (error) {
      // Half a line before the next one would damage the middle of the log, so take the half back.
      if (fstatSync(this.#descriptor).size > this.#length) ftruncateSync(this.#descriptor, this.#length);
      throw new EventLogWriteError(`the event log ${this.file} can't be written`, {
        evidence: messageOf(error),
        advice: 'free space on its disk and run again',
        cause: error,
      });
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const round = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;
