import { randomBytes } from 'node:crypto';

const sectorBytes = 512;

/** Where the only partition begins: 1 MiB, as every partitioning program has aligned it since 2010. */
export const partitionStart = 1024 * 1024;

/** Types of the MBR that match the file systems; 0x83 is Linux, 0x0c FAT with LBA, 0x07 NTFS and exFAT. */
export type PartitionType = 0x83 | 0x0c | 0x07;

/**
 * An MBR with one partition from `partitionStart` to the end: udev's automount rules match DEVTYPE==partition, so a stick without a
 * table would never be mounted.
 */
export function partitionTable(diskBytes: number, type: PartitionType): Buffer {
  const sector = Buffer.alloc(sectorBytes);
  // The disk's signature, of which the kernel makes PARTUUID.
  randomBytes(4).copy(sector, 440);
  const entry = 446;
  // Cylinders, heads and sectors that nobody has read for decades: “beyond what fits”.
  sector.set([0x00, 0xfe, 0xff, 0xff, type, 0xfe, 0xff, 0xff], entry);
  sector.writeUInt32LE(partitionStart / sectorBytes, entry + 8);
  sector.writeUInt32LE((diskBytes - partitionStart) / sectorBytes, entry + 12);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}
