import type { Fresh, Work } from '../../devices/index.ts';

/** What begins on a fresh device: each test, each suite, or the run as a whole. */
export const freshUnits = ['test', 'suite', 'run'] as const;
export type FreshUnit = (typeof freshUnits)[number];

export interface FreshnessOptions {
  unit: FreshUnit;
  /** Why the device isn't as it was flashed; making it fresh empties it. */
  dirt: readonly string[];
  make(): Promise<Fresh>;
  /** Told of each fresh device but the first. */
  onFresh(fresh: Fresh): void | Promise<void>;
}

/** Makes a device fresh when it is due. */
export class Freshness {
  readonly #options: FreshnessOptions;
  #generation = 0;
  #last: Work | undefined;
  /** One at a time: a suite's process and its successor may ask at the same moment. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: FreshnessOptions) {
    this.#options = options;
  }

  /** See BenchParts.begin. */
  begin(work: Work): Promise<number> {
    const next = this.#turn.then(() => this.#begin(work));
    this.#turn = next.catch(() => undefined);
    return next;
  }

  async #begin(work: Work): Promise<number> {
    const due = this.#isDue(work);
    this.#last = work;
    if (!due) return this.#generation;
    await this.#options.onFresh(await this.#options.make());
    this.#generation += 1;
    return this.#generation;
  }

  #isDue({ suite, test }: Work): boolean {
    if (this.#last === undefined) return false;
    const { unit, dirt } = this.#options;
    if (unit === 'test') return test !== this.#last.test;
    return suite !== this.#last.suite && (unit === 'suite' || dirt.length > 0);
  }
}
