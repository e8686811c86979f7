import { z } from 'zod';

/** One figure, beside a peer's or a limit where there is one. Lower is better for every unit. */
export const rowSchema = z.strictObject({
  /** `<section>.<what>`, with no blanks: `restore.firstCommand`. */
  id: z.string().regex(/^[a-zA-Z0-9]+(\.[a-zA-Z0-9@]+)+$/),
  /** Of `ours`, `peer` and `limit`: `s`, `ms`, `MB`, `%`, or `×` for a ratio of two figures of this run. */
  unit: z.enum(['s', 'ms', 'MB', '%', '×']),
  /** Absent where it could not be measured; `note` says why. */
  ours: z.number().nonnegative().optional(),
  peer: z.number().nonnegative().optional(),
  /** The largest `ours` that boardwalk allows itself. */
  limit: z.number().nonnegative().optional(),
  /** ours ÷ peer. */
  ratio: z.number().nonnegative().optional(),
  /** CPU seconds that our side took for it. */
  cpu_s: z.number().nonnegative().optional(),
  /** Which peer, what the figure includes, why one is missing. */
  note: z.string().optional(),
});
export type Row = z.infer<typeof rowSchema>;

/** What a section of the benchmark is given. */
export interface SectionContext {
  /** Empty, its own, removed afterwards. */
  directory: string;
  signal: AbortSignal;
}

/** A part of the benchmark. One file of `sections/` is one section; its default export is this. */
export interface Section {
  /** The file's name. */
  name: string;
  /** What it measures, in a few words for the person who waits. */
  about: string;
  /** Yields each row as soon as it is known. */
  rows(context: SectionContext): AsyncIterable<Row>;
}

/** A row with a peer's figure and their ratio. */
export function beside({ ours, peer, times, ...row }: Row & { ours: number; peer: number; times?: number }): Row {
  return { ...row, ours, peer, ratio: ours / peer, ...(times !== undefined && { limit: times * peer }) };
}

/** The value that a share of the values is at most: 0.5 is the median. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  if (value === undefined) throw new RangeError('no values: a percentile of nothing');
  return value;
}
