import { flash, type FlashRequest } from '../flash/flash.ts';
import type { HostNote } from '../host-note.ts';
import { inOrder } from '../power/in-order.ts';
import { BehindMux, type BehindMuxOptions } from './behind-mux.ts';
import { CardHalfWritten } from './errors.ts';
import type { Mux } from './mux.ts';
import { writtenNote, type BeingWritten } from './written-note.ts';

export interface CardOptions {
  /** The device whose card it is. */
  device: string;
  mux: Mux;
  /** Path of the card as the bench sees it. */
  disk: string;
  rules: NonNullable<FlashRequest['rules']>;
  budgets?: BehindMuxOptions['budgets'];
  /** Default: this host's. */
  note?: HostNote<BeingWritten>;
}

/**
 * A board's card behind a multiplexer: the bench takes it, writes it and gives it back. From before the first byte until it is whole a note of this
 * host says so: a process that ends in between, however it ends, leaves a card that no board is started from.
 */
export class Card {
  readonly #options: CardOptions;
  readonly #disk: BehindMux;
  readonly #note: HostNote<BeingWritten>;
  readonly #inOrder = inOrder();

  constructor(options: CardOptions) {
    this.#options = options;
    const { device, mux, disk, budgets } = options;
    this.#disk = new BehindMux({ what: `${device}’s card`, mux, disk, budgets });
    this.#note = options.note ?? writtenNote(options.disk);
  }

  /** Writes an image onto it and reads it back; the board must be off. The card is the bench's when this rejects, and the note stays. */
  write(image: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#inOrder(async () => {
      const { device, disk, rules } = this.#options;
      await this.#disk.take(signal);
      await this.#note.put({ device, pid: process.pid, since: new Date().toISOString() });
      await flash({ image, target: disk, rules, ...(signal && { signal }) });
      await this.#disk.give('board', signal);
      await this.#note.remove();
    });
  }

  /** Sees to it that the board has its card, and a whole one. Throws CardHalfWritten. */
  insert(): Promise<void> {
    return this.#inOrder(async () => {
      const { device, disk } = this.#options;
      const note = await this.#note.read();
      if (note !== undefined) {
        const who = note.pid === undefined ? '' : ` by process ${note.pid} of ${note.since ?? ''}`;
        throw new CardHalfWritten(`${device}’s card ${disk} was being written${who}, and that didn’t come to its end`, {
          blame: 'infra',
          advice: 'Run suites with --image: that writes it anew first. If it keeps failing, replace the card.',
        });
      }
      await this.#disk.give('board');
    });
  }
}
