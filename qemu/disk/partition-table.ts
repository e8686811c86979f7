const sectorBytes = 512;

/** What the first two sectors say of a disk. */
export interface PartitionTable {
  kind: 'gpt' | 'mbr';
  /** The disk ends here at the earliest, in bytes: what a shorter file has lost. */
  endsAt: number;
  /** Where the first entry's partition begins, in bytes; undefined where the table has none. */
  firstAt: number | undefined;
  /** Code in the first 440 bytes, which a BIOS would run. */
  bootCode: boolean;
  /** An EFI system partition by its type. */
  efiSystemPartition: boolean;
}

/** Partition type 0xEF of an MBR, and C12A7328-F81F-11D2-BA4B-00A0C93EC93B of a GPT in its order on disk: UEFI specification 5.2 and 5.3. */
const efiMbrType = 0xef;
const efiGptType = '28732ac11ff8d211ba4b00a0c93ec93b';
const protectiveMbrType = 0xee;

/** Bytes of a disk's beginning that hold both tables: the MBR, the GPT's header and its 128 entries. */
export const partitionTableBytes = sectorBytes * 34;

/** Reads a master boot record or a GUID partition table; undefined if there is none. */
export function readPartitionTable(head: Buffer): PartitionTable | undefined {
  if (head.length < sectorBytes || head.readUInt16LE(510) !== 0xaa55) return undefined;
  const bootCode = head.subarray(0, 440).some((byte) => byte !== 0);
  const entries = [0, 1, 2, 3]
    .map((index) => 446 + 16 * index)
    .map((at) => ({
      status: head.readUInt8(at),
      type: head.readUInt8(at + 4),
      first: head.readUInt32LE(at + 8),
      sectors: head.readUInt32LE(at + 12),
    }))
    .filter((entry) => entry.type !== 0 && entry.sectors !== 0);
  // A vfat file system's first sector has the same signature, and code where the table would be.
  if (entries.some((entry) => (entry.status & 0x7f) !== 0)) return undefined;
  if (entries.some((entry) => entry.type === protectiveMbrType)) {
    const gpt = readGpt(head);
    if (gpt !== undefined) return { kind: 'gpt', bootCode, ...gpt };
  }
  const [first] = entries;
  return {
    kind: 'mbr',
    firstAt: first && first.first * sectorBytes,
    endsAt: Math.max(sectorBytes, ...entries.map((entry) => (entry.first + entry.sectors) * sectorBytes)),
    bootCode,
    efiSystemPartition: entries.some((entry) => entry.type === efiMbrType),
  };
}

function readGpt(head: Buffer): Pick<PartitionTable, 'endsAt' | 'firstAt' | 'efiSystemPartition'> | undefined {
  if (head.length < 2 * sectorBytes || head.toString('latin1', sectorBytes, sectorBytes + 8) !== 'EFI PART') return undefined;
  const backupHeader = Number(head.readBigUInt64LE(sectorBytes + 32));
  const entries = Array.from({ length: 128 }, (_, index) => 2 * sectorBytes + 128 * index)
    .filter((at) => at + 128 <= head.length)
    .map((at) => ({ type: head.toString('hex', at, at + 16), first: Number(head.readBigUInt64LE(at + 32)) }))
    .filter(({ type }) => !/^0+$/.test(type));
  const [first] = entries;
  return {
    firstAt: first && first.first * sectorBytes,
    endsAt: (backupHeader + 1) * sectorBytes,
    efiSystemPartition: entries.some(({ type }) => type === efiGptType),
  };
}
