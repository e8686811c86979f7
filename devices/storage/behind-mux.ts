import { open } from 'node:fs/promises';
import { observed } from '../waiting.ts';
import type { Mux, Side } from './mux.ts';

export interface BehindMuxOptions {
  /** What it is, for messages: “pi-1’s card”. */
  what: string;
  mux: Mux;
  /** Path of the disk as the bench sees it. */
  disk: string;
  /** Milliseconds that one call of the multiplexer, its word of what it did, and the disk's appearance may take. */
  budgets?: { mux: number; arrival: number } | undefined;
}

const usualBudgets = { mux: 10_000, arrival: 20_000 };
const lookAgainEvery = 100;

/** A disk that the bench or the board has, as a multiplexer is set. */
export class BehindMux {
  readonly what: string;
  readonly disk: string;
  readonly #mux: Mux;
  readonly #budgets: { mux: number; arrival: number };

  constructor({ what, mux, disk, budgets = usualBudgets }: BehindMuxOptions) {
    this.what = what;
    this.disk = disk;
    this.#mux = mux;
    this.#budgets = budgets;
  }

  /** Gives it to a side that hasn't got it, and resolves once the multiplexer says so, where it can be asked. */
  async give(side: Side, signal?: AbortSignal): Promise<void> {
    const mux = this.#mux;
    const budget = this.#budgets.mux;
    const within = () => AbortSignal.any([AbortSignal.timeout(budget), ...(signal ? [signal] : [])]);
    if (mux.read !== undefined && (await mux.read(within())) === side) return;
    await mux.give(side, within());
    if (mux.read === undefined) return;
    await observed({
      awaited: `${mux.name} to give ${this.what} to the ${side}`,
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

  /** Gives it to the bench, and resolves once it is there as `disk`. */
  async take(signal?: AbortSignal): Promise<void> {
    await this.give('bench', signal);
    const { disk } = this;
    await observed({
      awaited: `${this.what} to appear as ${disk}`,
      budget: this.#budgets.arrival,
      interval: lookAgainEvery,
      signal,
      blame: 'infra',
      advice: 'Is it in the multiplexer, and is this its path? ls -l /dev/disk/by-path tells what there is.',
      async look() {
        try {
          // A reader learns of its card when somebody opens it.
          await (await open(disk, 'r')).close();
          return { found: undefined };
        } catch (error) {
          return error instanceof Error ? error.message : String(error);
        }
      },
    });
  }
}
