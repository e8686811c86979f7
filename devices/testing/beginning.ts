import type { TestInfo } from '@playwright/test';
import type { BenchParts, Work } from '../device.ts';

/** What a test is to the bench. */
export function workOf({ file, testId, retry }: Pick<TestInfo, 'file' | 'testId' | 'retry'>): Work {
  return { suite: file, test: `${testId}#${retry}` };
}

/** Tells the bench what begins, and the suite when that made its device fresh. */
export class Beginning {
  readonly #parts: Pick<BenchParts, 'begin'>;
  readonly #listeners: (() => Promise<unknown>)[] = [];
  #generation: number | undefined;

  constructor(parts: Pick<BenchParts, 'begin'>) {
    this.#parts = parts;
  }

  /** `listener` sets up anew what was lost with the old device. */
  onFresh(listener: () => Promise<unknown>): void {
    this.#listeners.push(listener);
  }

  async of(work: Work): Promise<void> {
    const before = this.#generation;
    this.#generation = await this.#parts.begin(work);
    if (before === undefined || before === this.#generation) return;
    for (const listener of this.#listeners) await listener();
  }
}
