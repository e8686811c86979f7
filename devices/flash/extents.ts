/** A run of the disk's bytes. */
export interface Extent {
  start: number;
  /** Exclusive. */
  end: number;
}

/** Some of the disk's bytes, and where on the disk they belong. */
export interface Piece {
  start: number;
  bytes: Uint8Array;
}

export const roundUp = (bytes: number, multiple: number): number => Math.ceil(bytes / multiple) * multiple;

const roundDown = (bytes: number, multiple: number): number => Math.floor(bytes / multiple) * multiple;

/**
 * Ascending extents, each widened to multiples of `alignment` and joined with those it then touches; none goes past `limit`.
 * What direct I/O can transfer, of extents that know nothing of sectors.
 */
export function widened(extents: readonly Extent[], alignment: number, limit: number): Extent[] {
  const wide: Extent[] = [];
  for (const { start, end } of extents) {
    const next = { start: roundDown(start, alignment), end: Math.min(roundUp(end, alignment), limit) };
    const last = wide.at(-1);
    if (last !== undefined && next.start <= last.end) last.end = Math.max(last.end, next.end);
    else wide.push(next);
  }
  return wide;
}

/** What of ascending extents lies at or behind `start`. */
export function behind(extents: readonly Extent[], start: number): Extent[] {
  return extents.filter(({ end }) => end > start).map((extent) => ({ start: Math.max(extent.start, start), end: extent.end }));
}

export function totalBytes(extents: readonly Extent[]): number {
  return extents.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Cuts what comes front to back down to ascending extents. Remembers where it is: one instance for one pass. */
export class Cutter<Kept extends Extent = Extent> {
  readonly #extents: readonly Kept[];
  #next = 0;

  constructor(extents: readonly Kept[]) {
    this.#extents = extents;
  }

  /** The parts of a piece that lie in extents, with the extent of each. Pieces come in the order of the disk. */
  *cut({ start, bytes }: Piece): Iterable<Piece & { of: Kept }> {
    const end = start + bytes.length;
    for (;;) {
      const extent = this.#extents[this.#next];
      if (extent === undefined || extent.start >= end) return;
      const from = Math.max(extent.start, start);
      const to = Math.min(extent.end, end);
      if (to > from) yield { start: from, bytes: bytes.subarray(from - start, to - start), of: extent };
      if (extent.end > end) return;
      this.#next += 1;
    }
  }
}
