import type { Partition } from '../gpt.ts';

/** Where the work on a loader is done. */
export interface LoaderSite {
  /** A directory for what is needed meanwhile. */
  scratch: string;
  /** Where the packages of the kernel and of the loader are unpacked. */
  packages: string;
  signal: AbortSignal | undefined;
}

/** A boot loader of the reference OS. One file of this folder is one, with its own files in files/<name>/. */
export interface Loader {
  /** Directory of its files: `root/` goes into the root file system as it is. */
  readonly files: string;
  /** Sums of what it takes from this host, by name. */
  inputs(): Promise<Record<string, string>>;
  /** The partitions that it has for itself, before the others. */
  readonly partitions: readonly Partition[];
  /** Writes its part of the boot partition into a directory. */
  fillBootPartition(directory: string, site: LoaderSite): Promise<void>;
  /** Writes what lies outside of file systems onto the disk. Absent where the loader comes with the board. */
  install?(disk: string, site: LoaderSite): Promise<void>;
}
