import type { Extent, Piece } from './extents.ts';

/** A flash image file as the bytes of the disk in it. */
export interface ImageSource {
  readonly file: string;
  readonly format: 'raw' | 'gzip' | 'zstd' | 'xz';
  /** The disk's size where the file tells it before it is unpacked; the disk is never smaller. */
  readonly diskBytes: number | undefined;
  /**
   * The disk's bytes from front to back; a piece may be overwritten once the next one is asked for. What isn't wanted may be missing.
   * Throws ImageError where the file is cut short or damaged, the signal's reason once it aborts.
   */
  read(options: { wanted: readonly Extent[] | 'all'; signal: AbortSignal }): AsyncIterable<Piece>;
}
