import { createCipheriv, createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { execa } from 'execa';
import { partitionTable } from '../sticks/partition-table.ts';
import type { Extent } from './extents.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** A small disk for tests of flashing: a partition table, data of every kind of alignment to 4 KiB blocks, 64 KiB and the first MiB. */
export interface Specimen {
  disk: Buffer;
  /** Where it isn't zeros, in whole blocks of 4 KiB. */
  extents: Extent[];
}

export const specimenBytes = 24 * mebibyte;

/** The same disk each time. */
export function specimen(): Specimen {
  const disk = Buffer.alloc(specimenBytes);
  const extents = [
    { start: 0, end: 600 * kibibyte },
    { start: mebibyte - 8 * kibibyte, end: 3 * mebibyte + 4 * kibibyte },
    { start: 6 * mebibyte, end: 13 * mebibyte + 12 * kibibyte },
    { start: 20 * mebibyte + 20 * kibibyte, end: 20 * mebibyte + 24 * kibibyte },
    { start: specimenBytes - 4 * kibibyte, end: specimenBytes },
  ];
  for (const { start, end } of extents) noise(end - start, start).copy(disk, start);
  partitionTable(specimenBytes, 0x83).copy(disk, 0);
  return { disk, extents };
}

/** Bytes that no packer makes smaller. */
export function noise(bytes: number, seed: number): Buffer {
  const key = createHash('md5').update(String(seed)).digest();
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

export const packings = ['raw', 'gzip', 'zstd', 'xz'] as const;
export type Packing = (typeof packings)[number];

/** A disk packed by the programs that people use. */
export async function packed(disk: Buffer, packing: Packing): Promise<Buffer> {
  if (packing === 'raw') return disk;
  if (packing === 'gzip') return gzipSync(disk, { level: 1 });
  const args = packing === 'zstd' ? ['-1', '--quiet', '--stdout'] : ['-0', '--stdout'];
  const { stdout } = await execa(packing, args, { input: disk, encoding: 'buffer', stripFinalNewline: false });
  return Buffer.from(stdout);
}

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

/** A range of a disk's blocks, both ends included, and the sum of their bytes. */
export interface MappedRange {
  first: number;
  last: number;
  sha256: string;
}

/** A bmap file of a specimen. */
export function bmapOf({ disk, extents }: Specimen, blockBytes = 4096): string {
  const ranges = extents.map(({ start, end }) => ({
    first: start / blockBytes,
    last: Math.ceil(end / blockBytes) - 1,
    sha256: sha256(disk.subarray(start, end)),
  }));
  return bmapText(disk.length, blockBytes, ranges);
}

/** A bmap file of version 2.0 as bmaptool 3.6 writes it, comments included. */
export function bmapText(diskBytes: number, blockBytes: number, ranges: readonly MappedRange[]): string {
  const lines = ranges.map(({ first, last, sha256: sum }) => {
    const blocks = first === last ? `${first}` : `${first}-${last}`;
    return `        <Range chksum="${sum}"> ${blocks} </Range>\n`;
  });
  const mapped = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const zeros = '0'.repeat(64);
  const text = `<?xml version="1.0" ?>
<!-- A comment that names <MappedBlocksCount> and <Range>, as bmaptool's does. -->

<bmap version="2.0">
    <!-- Image size in bytes: ${(diskBytes / mebibyte).toFixed(1)} MiB -->
    <ImageSize> ${diskBytes} </ImageSize>
    <BlockSize> ${blockBytes} </BlockSize>
    <BlocksCount> ${Math.ceil(diskBytes / blockBytes)} </BlocksCount>
    <MappedBlocksCount> ${mapped}   </MappedBlocksCount>
    <ChecksumType> sha256 </ChecksumType>
    <BmapFileChecksum> ${zeros} </BmapFileChecksum>
    <BlockMap>
${lines.join('')}    </BlockMap>
</bmap>
`;
  return text.replace(zeros, sha256(text));
}
