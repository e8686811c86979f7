/** How long a flash waits for each thing outside this process, in milliseconds. None of them depends on the image's size. */
const atMost = {
  /** The next bytes of the image or of its decompressor: milliseconds from a disk, seconds from a share that is waking up. */
  source: 60_000,
  /**
   * One read or write of at most 4 MiB. Cards stall for seconds while they tidy their erase blocks; the kernel gives a SCSI command 30 s
   * and tries again (SD_TIMEOUT, SD_MAX_RETRIES of drivers/scsi/sd.h), and its own error says more than ours.
   */
  transfer: 180_000,
  /** A flush of what was written since the last one: through a page cache that is 64 MiB and more, at the 2 MB/s of a bad card. */
  flush: 180_000,
  /** The device's own zeroing of a whole disk; where it is so slow, writing the zeros would be no faster. */
  zeroOut: 600_000,
  /** To end an unpacker or close a target that may hang, once the flash has failed anyhow. */
  letGo: 5_000,
  /** A look at an xz file's index, or the kernel's look at a new partition table. */
  lookUp: 30_000,
} as const;

export type FlashBudgets = Readonly<Record<keyof typeof atMost, number>>;

export const flashBudgets: FlashBudgets = atMost;
