import { open } from 'node:fs/promises';
import type { ImageSource } from '../source.ts';
import { unpacked, type Unpacker } from './unpacker.ts';

/**
 * By zstd itself and not by node:zlib, which takes a file that is cut short for a whole one and drops all frames but the first
 * (nodejs/node issues 64592 and 64741), and takes 1.5 times the CPU time. Its own limit of memory is 128 MiB.
 */
const zstd: Unpacker = {
  program: 'zstd',
  debianPackage: 'zstd',
  arguments: ['--decompress', '--stdout', '--quiet'],
  cutShort: /premature end|unexpected end/i,
};

export async function zstdSource(file: string): Promise<ImageSource> {
  const diskBytes = await announcedBytes(file);
  return { file, format: 'zstd', diskBytes, read: ({ signal }) => unpacked(file, zstd, signal) };
}

/** Magic, descriptor, window, dictionary id, size: RFC 8878 section 3.1.1.1. */
const longestHeader = 4 + 1 + 1 + 4 + 8;

/** What the first frame's header says of its size; one that was packed through a pipe says nothing. */
async function announcedBytes(file: string): Promise<number | undefined> {
  await using handle = await open(file);
  const { buffer: header, bytesRead } = await handle.read(Buffer.alloc(longestHeader), 0, longestHeader, 0);
  if (bytesRead < longestHeader) return undefined;
  const descriptor = header.readUInt8(4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const at = 5 + (singleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >> 6) {
    case 0:
      return singleSegment ? header.readUInt8(at) : undefined;
    case 1:
      return header.readUInt16LE(at) + 256;
    case 2:
      return header.readUInt32LE(at);
    default:
      return Number(header.readBigUInt64LE(at));
  }
}
