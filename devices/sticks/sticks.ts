export type StickFilesystem = 'vfat' | 'ext4' | 'exfat' | 'ntfs' | 'btrfs' | 'none';

export interface StickSpec {
  filesystem: StickFilesystem;
  label?: string;
  /** ext4: RFC 4122; vfat: XXXX-XXXX. Default: random. */
  uuid?: string;
  /** Default 32. */
  sizeMiB?: number;
  /** Files to put on it at creation: path → content. */
  files?: Record<string, string | Uint8Array>;
  /** Host files to put on it at creation, not read into memory: path on the stick → path on the bench. */
  hostFiles?: Record<string, string>;
}

/** One removable USB mass-storage device with one partition, made and read on the bench side. */
export interface Stick {
  readonly id: string;
  readonly filesystem: StickFilesystem;
  readonly label: string | undefined;
  /** As blkid shows it. */
  readonly uuid: string;
  insert(): Promise<void>;
  /** Pulls it out as a hand would: no warning to the OS. */
  pull(): Promise<void>;
  readonly inserted: boolean;
  /** Reads a file from the stick's image on the bench side; the device has no say in it. Only while it is pulled or synced. */
  readFile(path: string): Promise<Uint8Array>;
  /** Paths of the files on it, from the bench side. */
  list(): Promise<string[]>;
  /** Pulls it if need be and throws the image away. */
  discard(): Promise<void>;
}

export interface Sticks {
  /** How many can be inserted at once; more can be made. */
  readonly atOnce: number;
  /** Filesystems that the bench can make and read back. */
  filesystems(): Promise<StickFilesystem[]>;
  create(spec: StickSpec): Promise<Stick>;
  /** Discards every stick: what a test left behind. */
  clear(): Promise<void>;
}
