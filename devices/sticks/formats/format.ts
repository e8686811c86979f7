import type { PartitionType } from '../partition-table.ts';

export interface FormatOptions {
  label: string | undefined;
  uuid: string;
  /** Size of the partition in KiB. */
  partitionKiB: number;
  /** A directory whose content goes on it. */
  content: string;
}

/** A file system that this bench makes and reads inside an image file, at `partitionStart`, without mounting it. */
export interface Format {
  readonly partitionType: PartitionType;
  /** Programs that it needs. */
  readonly programs: readonly string[];
  /** Longest label, in bytes. */
  readonly longestLabel: number;
  readonly uuidPattern: RegExp;
  randomUuid(): string;
  make(image: string, options: FormatOptions): Promise<void>;
  /** @param path without a slash at its beginning. Rejects with StickFailed where there is no such file. */
  readFile(image: string, path: string): Promise<Uint8Array>;
  /** Paths of all files, without a slash at their beginning. */
  list(image: string): Promise<string[]>;
}
