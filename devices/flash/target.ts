/** What an image is written onto: a disk of the bench, or a file that stands for one. Open and ours alone until it is closed. */
export interface Target {
  readonly path: string;
  /** Bytes that fit; undefined for a file that grows. */
  readonly capacity: number | undefined;
  /** What the length of a transfer is a multiple of, in bytes; its memory and its start are aligned to more. */
  readonly sector: number;
  /** Transfers go past the page cache: what is read was on the medium. */
  readonly direct: boolean;
  /**
   * Makes sure that the first `bytes` (all, if undefined) read as zeros before anything is written, where that costs less than to write
   * zeros there. False where it doesn't: then they hold whatever they held.
   */
  blank(bytes: number | undefined, signal: AbortSignal): Promise<boolean>;
  /** Writes all of an aligned buffer at a place on the disk, in bytes. */
  write(memory: Uint8Array, start: number): Promise<void>;
  /** Fills an aligned buffer; the number of bytes is smaller only at the disk's end. */
  read(memory: Uint8Array, start: number): Promise<number>;
  /** Resolves when what was written is on the medium. */
  flush(): Promise<void>;
  /** All of an image of so many bytes was written: a new file ends with it, with a hole if it ends with zeros. */
  end(diskBytes: number): Promise<void>;
  /** Closes what holds a whole image, and lets the kernel look at its partitions. */
  keep(signal: AbortSignal): Promise<PartitionsSeen>;
  /** Closes what holds an image in part. */
  abandon(): Promise<void>;
}

/** Whether the kernel knows the new partitions. It can't for a file, for a loop device made without them, or while one is in use. */
export type PartitionsSeen = 'anew' | 'not';
