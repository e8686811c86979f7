import { BudgetExceeded } from './errors.ts';

export interface Budget {
  /** What is awaited, as a noun phrase: “QMP's greeting”. */
  awaited: string;
  /** Milliseconds. */
  milliseconds: number;
  /** What was seen instead, asked for when the budget is spent. */
  seen: () => string;
  /** What to do next. */
  advice: string;
  signal?: AbortSignal | undefined;
}

/** Awaits `observable` for at most its budget, and no longer than the signal allows. What it was waiting for goes on if it isn't stopped elsewhere. */
export async function within<T>(observable: Promise<T>, budget: Budget): Promise<T> {
  budget.signal?.throwIfAborted();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new BudgetExceeded(budget.awaited, budget.milliseconds, budget.seen(), { advice: budget.advice }));
  }, budget.milliseconds);
  const abort = () => reject(budget.signal?.reason);
  budget.signal?.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([observable, ended]);
  } finally {
    clearTimeout(timer);
    budget.signal?.removeEventListener('abort', abort);
  }
}
