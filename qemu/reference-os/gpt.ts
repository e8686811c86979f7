import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const sectorBytes = 512;
/** Everything is aligned to MiB; balenaOS aligns partitions to 4 MiB. */
export const mebibyte = 1024 * 1024;

export interface Partition {
  /** Index in the table, from 1. */
  number: number;
  name: string;
  type: 'efi-system' | 'linux' | 'bios-boot';
  startMebibytes: number;
  sizeMebibytes: number;
}

const typeGuids: Record<Partition['type'], string> = {
  'efi-system': 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  linux: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
  'bios-boot': '21686148-6449-6E6F-744E-656564454649',
};

const entryCount = 128;
const entryBytes = 128;
const tableSectors = (entryCount * entryBytes) / sectorBytes;
const maxNameUnits = 36;

/** A GUID that is always the same for a name, so that identical inputs give identical disks. Lower case with hyphens, RFC 9562 version 8. */
export function fixedUuid(name: string): string {
  const bytes = createHash('sha256').update(`boardwalk reference-os ${name}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A GUID as it lies on disk: the first three groups are little-endian (UEFI specification, appendix A). */
export function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  if (bytes.length !== 16) throw new TypeError(`not a GUID: ${guid}`);
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

export interface PartitionTable {
  /** Sectors 0 to 33: protective MBR, header, entries. */
  front: Buffer;
  /** The last 33 sectors: entries and the backup header. */
  back: Buffer;
}

/** A GUID partition table (UEFI specification, chapter 5) for a disk of so many MiB. Throws RangeError for partitions that overlap or lie outside. */
export function partitionTable(partitions: readonly Partition[], diskMebibytes: number): PartitionTable {
  const sectors = (diskMebibytes * mebibyte) / sectorBytes;
  const firstUsable = 2 + tableSectors;
  const lastUsable = sectors - tableSectors - 2;
  const entries = Buffer.alloc(entryCount * entryBytes);
  let end = firstUsable - 1;
  for (const partition of [...partitions].sort((a, b) => a.startMebibytes - b.startMebibytes)) {
    const first = (partition.startMebibytes * mebibyte) / sectorBytes;
    const last = first + (partition.sizeMebibytes * mebibyte) / sectorBytes - 1;
    if (first <= end || last > lastUsable) throw new RangeError(`partition ${partition.name} overlaps another or the end of the disk`);
    if (partition.name.length > maxNameUnits)
      throw new RangeError(`partition name ${partition.name} is longer than ${maxNameUnits} UTF-16 units`);
    end = last;
    const entry = entries.subarray((partition.number - 1) * entryBytes, partition.number * entryBytes);
    guidBytes(typeGuids[partition.type]).copy(entry, 0);
    guidBytes(fixedUuid(`partition ${partition.name}`)).copy(entry, 16);
    entry.writeBigUInt64LE(BigInt(first), 32);
    entry.writeBigUInt64LE(BigInt(last), 40);
    entry.write(partition.name, 56, 'utf16le');
  }
  const header = (own: number, other: number, table: number): Buffer => {
    const bytes = Buffer.alloc(sectorBytes);
    bytes.write('EFI PART', 0, 'latin1');
    bytes.writeUInt32LE(0x10000, 8);
    bytes.writeUInt32LE(92, 12);
    bytes.writeBigUInt64LE(BigInt(own), 24);
    bytes.writeBigUInt64LE(BigInt(other), 32);
    bytes.writeBigUInt64LE(BigInt(firstUsable), 40);
    bytes.writeBigUInt64LE(BigInt(lastUsable), 48);
    guidBytes(fixedUuid('disk')).copy(bytes, 56);
    bytes.writeBigUInt64LE(BigInt(table), 72);
    bytes.writeUInt32LE(entryCount, 80);
    bytes.writeUInt32LE(entryBytes, 84);
    bytes.writeUInt32LE(crc32(entries), 88);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 92)), 16);
    return bytes;
  };
  const protective = Buffer.alloc(sectorBytes);
  protective.set([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 446);
  protective.writeUInt32LE(1, 454);
  protective.writeUInt32LE(Math.min(sectors - 1, 0xffffffff), 458);
  protective.writeUInt16LE(0xaa55, 510);
  return {
    front: Buffer.concat([protective, header(1, sectors - 1, 2), entries]),
    back: Buffer.concat([entries, header(sectors - 1, 1, sectors - 1 - tableSectors)]),
  };
}
