import { open } from 'node:fs/promises';
import { flash, type FlashRequest } from '../flash/flash.ts';
import type { HostNote } from '../host-note.ts';
import { inOrder } from '../power/in-order.ts';
import { observed } from '../waiting.ts';
import { CardHalfWritten } from './errors.ts';
import type { Mux, Side } from './mux.ts';
import { writtenNote, type BeingWritten } from './written-note.ts';

export interface CardOptions {
  /** The device whose card it is. */
  device: string;
  mux: Mux;
  /** Path of the card as the bench sees it. */
  disk: string;
  rules: NonNullable<FlashRequest['rules']>;
  /** Milliseconds that one call of the multiplexer, its word of what it did, and the card's appearance may take. */
  budgets?: { mux: number; arrival: number };
  /** Default: this host's. */
  note?: HostNote<BeingWritten>;
}

const usualBudgets = { mux: 10_000, arrival: 20_000 };
const lookAgainEvery = 100;

/**
 * A board's card behind a multiplexer: the bench takes it, writes it and gives it back. From before the first byte until it is whole a note of this
 * host says so: a process that ends in between, however it ends, leaves a card that no board is started from.
 */
export class Card {
  readonly #options: CardOptions;
  readonly #budgets: { mux: number; arrival: number };
  readonly #note: HostNote<BeingWritten>;
  readonly #inOrder = inOrder();

  constructor(options: CardOptions) {
    this.#options = options;
    this.#budgets = options.budgets ?? usualBudgets;
    this.#note = options.note ?? writtenNote(options.disk);
  }

  /** Writes an image onto it and reads it back; the board must be off. The card is the bench's when this rejects, and the note stays. */
  write(image: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#inOrder(async () => {
      const { device, disk, rules } = this.#options;
      await this.#give('bench', signal);
      await this.#arrived(signal);
      await this.#note.put({ device, pid: process.pid, since: new Date().toISOString() });
      await flash({ image, target: disk, rules, ...(signal && { signal }) });
      await this.#give('board', signal);
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
      await this.#give('board');
    });
  }

  async #give(side: Side, signal?: AbortSignal): Promise<void> {
    const { mux } = this.#options;
    const budget = this.#budgets.mux;
    const within = () => AbortSignal.any([AbortSignal.timeout(budget), ...(signal ? [signal] : [])]);
    if (mux.read !== undefined && (await mux.read(within())) === side) return;
    await mux.give(side, within());
    if (mux.read === undefined) return;
    await observed({
      awaited: `${mux.name} to give the card to the ${side}`,
      budget,
      interval: lookAgainEvery,
      signal,
      blame: 'infra',
      advice: 'It took the order and did not follow it: look at its cable and its lamps.',
      async look() {
        const seen = await mux.read?.(within());
        return seen === side ? { found: undefined } : `it says that it is with the ${seen}`;
      },
    });
  }

  /** A reader learns of its card when somebody opens it. */
  async #arrived(signal: AbortSignal | undefined): Promise<void> {
    const { disk, device } = this.#options;
    await observed({
      awaited: `${device}’s card to appear as ${disk}`,
      budget: this.#budgets.arrival,
      interval: lookAgainEvery,
      signal,
      blame: 'infra',
      advice: 'Is the card in the multiplexer, and is this its path? ls -l /dev/disk/by-path tells what there is.',
      async look() {
        try {
          await (await open(disk, 'r')).close();
          return { found: undefined };
        } catch (error) {
          return error instanceof Error ? error.message : String(error);
        }
      },
    });
  }
}
