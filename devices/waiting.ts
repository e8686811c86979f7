import { setTimeout as pause } from 'node:timers/promises';
import { AwaitedTooLong, type Blame, type Evidence } from './errors.ts';

export interface Wait<T> {
  /** What is waited for, as it reads after “awaited”. */
  awaited: string;
  /** Milliseconds. */
  budget: number;
  /** Milliseconds between two looks. */
  interval: number;
  signal?: AbortSignal | undefined;
  /** Looks once. A string says what was seen instead; anything it throws ends the wait. */
  look(): Promise<{ found: T } | string>;
  blame: Blame;
  advice?: string;
  /** Gathered when the budget is spent. */
  evidence?: () => Promise<Evidence[]>;
}

/** Looks again and again at something that can't tell by itself that it changed, until it is as awaited or the budget is spent. */
export async function observed<T>(wait: Wait<T>): Promise<T> {
  const started = performance.now();
  for (;;) {
    const seen = await wait.look();
    if (typeof seen !== 'string') return seen.found;
    wait.signal?.throwIfAborted();
    if (performance.now() - started + wait.interval > wait.budget) {
      const evidence = (await wait.evidence?.()) ?? [];
      const options = { blame: wait.blame, evidence, ...(wait.advice !== undefined && { advice: wait.advice }) };
      throw new AwaitedTooLong(wait.awaited, wait.budget, seen, options);
    }
    await pause(wait.interval, undefined, wait.signal ? { signal: wait.signal } : {});
  }
}
