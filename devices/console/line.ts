import { setTimeout as pause } from 'node:timers/promises';
import { SourceUnopened } from './errors.ts';
import type { ConsoleRecorder } from './recorder.ts';
import type { ConsoleSource } from './source.ts';

/** Milliseconds until an adapter that went away is looked for, and between two looks at most. */
const soonest = 100;
const latest = 4_000;

/** A board's console, recorded as long as there is a wire: an adapter that was pulled, or a serial port server that was restarted, is opened again. */
export class ConsoleLine {
  readonly #recorder: ConsoleRecorder;
  readonly #open: () => ConsoleSource;
  readonly #stop = new AbortController();
  #kept: Promise<void> = Promise.resolve();

  /** @param open gives a new source each time. Rejects with SourceUnopened where it can't be opened now: then nothing is tried again. */
  static async connect(recorder: ConsoleRecorder, open: () => ConsoleSource): Promise<ConsoleLine> {
    const line = new ConsoleLine(recorder, open);
    const { closed } = await recorder.attach(open());
    line.#kept = line.#keep(closed);
    return line;
  }

  private constructor(recorder: ConsoleRecorder, open: () => ConsoleSource) {
    this.#recorder = recorder;
    this.#open = open;
  }

  /** Lets the wire go. The recorder goes on without a source. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#recorder.detach();
    await this.#kept;
  }

  async #keep(first: Promise<unknown>): Promise<void> {
    const { signal } = this.#stop;
    let closed = first;
    for (let wait = soonest; ;) {
      await closed;
      await pause(wait, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        ({ closed } = await this.#recorder.attach(this.#open()));
        wait = soonest;
      } catch (error) {
        // A log that can't be written any longer is the recorder's to tell; it takes no source after that.
        if (!(error instanceof SourceUnopened)) return;
        wait = Math.min(wait * 2, latest);
      }
      // What was opened while it was being closed isn't wanted any longer.
      if (signal.aborted) await this.#recorder.detach();
    }
  }
}
