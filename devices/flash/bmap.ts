import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { ImageError } from '../../qemu/index.ts';
import { totalBytes, type Extent } from './extents.ts';

/** Blocks of the image that hold something; undefined where the format's version has no checksums. */
export interface MappedRange extends Extent {
  checksum: string | undefined;
}

/** What a bmap file tells of an image: all that isn't in a range may be left as it is on the target. */
export interface Bmap {
  file: string;
  imageBytes: number;
  mappedBytes: number;
  /** Of its checksums, as node:crypto calls it. */
  algorithm: string;
  /** Ascending; the last one ends with the image where its last block is a part of one. */
  ranges: MappedRange[];
}

/** As Python's hashlib names them; bmaptool takes any of its, these are those that anybody uses. */
const algorithms = new Set(['sha256', 'sha512', 'sha384', 'sha224', 'sha1', 'md5']);

/** A bmap has about 110 bytes a range: this one has 150,000 of them. A larger file is something else, given by mistake. */
const largestBytes = 16 * 1024 * 1024;

/** The bmap file beside an image, looked for as bmaptool does: its whole name, then without one ending after the other, and `.bmap`. */
export async function findBmap(image: string): Promise<string | undefined> {
  for (let name = image; ; name = name.slice(0, -extname(name).length)) {
    const candidate = `${name}.bmap`;
    const entry = await stat(candidate).catch(() => undefined);
    if (entry?.isFile()) return candidate;
    if (extname(name) === '') return undefined;
  }
}

/**
 * Reads a bmap file of version 1.x or 2.0 as `bmaptool create` writes it, and checks its own checksum. Throws ImageError for one that is
 * missing, damaged or contradicts itself. Source: the comments in bmaptool's BmapCreate.py, which are the format's specification.
 */
export async function readBmap(file: string): Promise<Bmap> {
  // One byte a letter, so that the checksum is over the bytes as they are.
  const text = await readText(file);
  const elements = text.replaceAll(/<!--.*?-->/gs, '');
  const [, major, minor] = /<bmap\s+version="(\d+)\.(\d+)"\s*>/.exec(elements) ?? [];
  if (major === undefined || !/<\/bmap>\s*$/.test(elements)) throw unusable(file, 'it does not go from <bmap version="…"> to </bmap>');
  if (Number(major) > 2 || (major === '2' && minor !== '0'))
    throw unusable(file, `its version is ${major}.${minor}, and 1.x and 2.0 are known`);

  const value = (name: string) => new RegExp(`<${name}>\\s*(\\S+)\\s*</${name}>`).exec(elements)?.[1];
  const count = (name: string) => {
    const found = Number(value(name));
    if (!Number.isSafeInteger(found) || found < 1) throw unusable(file, `its ${name} is ${value(name) ?? 'missing'}`);
    return found;
  };
  // Version 1.3 had SHA-1 only, and called it so.
  const ownChecksum = value('BmapFileChecksum') ?? value('BmapFileSHA1');
  const algorithm = value('ChecksumType')?.toLowerCase() ?? (value('BmapFileSHA1') === undefined ? 'sha256' : 'sha1');
  if (!algorithms.has(algorithm)) throw unusable(file, `its checksums are ${algorithm}`);
  if (ownChecksum !== undefined) checkItself(file, text, algorithm, ownChecksum);

  const imageBytes = count('ImageSize');
  const blockBytes = count('BlockSize');
  const ranges = readRanges(file, elements, { imageBytes, blockBytes });
  const blocks = ranges.reduce((sum, { start, end }) => sum + Math.ceil((end - start) / blockBytes), 0);
  if (value('MappedBlocksCount') !== undefined && count('MappedBlocksCount') !== blocks) {
    throw unusable(file, `it announces ${value('MappedBlocksCount')} mapped blocks and maps ${blocks}`);
  }
  return { file, imageBytes, mappedBytes: totalBytes(ranges), algorithm, ranges };
}

/** The checksum was taken while its own place held as many zeros. */
function checkItself(file: string, text: string, algorithm: string, checksum: string): void {
  const zeroed = text.replace(checksum, '0'.repeat(checksum.length));
  const found = createHash(algorithm).update(zeroed, 'latin1').digest('hex');
  if (found !== checksum.toLowerCase()) throw unusable(file, 'its own checksum is wrong, so it was changed or damaged');
}

function readRanges(file: string, elements: string, image: { imageBytes: number; blockBytes: number }): MappedRange[] {
  const ranges: MappedRange[] = [];
  const found = [...elements.matchAll(/<Range(?:\s+(?:chksum|sha1)="([0-9a-fA-F]+)")?\s*>\s*(\d+)\s*(?:-\s*(\d+))?\s*<\/Range>/g)];
  if (found.length === 0 || found.length !== elements.split('<Range').length - 1) throw unusable(file, 'it has ranges that can’t be read');
  for (const [, checksum, first = '', last = first] of found) {
    const start = Number(first) * image.blockBytes;
    const end = Math.min((Number(last) + 1) * image.blockBytes, image.imageBytes);
    if (start < (ranges.at(-1)?.end ?? 0) || start >= end) {
      throw unusable(file, `its blocks ${first}-${last} overlap, go backwards or lie outside the image`);
    }
    ranges.push({ start, end, checksum: checksum?.toLowerCase() });
  }
  return ranges;
}

async function readText(file: string): Promise<string> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    if (size <= largestBytes) return await handle.readFile('latin1');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ImageError(file, missing ? 'missing' : 'unreadable', `the bmap file ${file} can't be read (${message})`, {
      advice: 'Check the path, or leave it out (--no-bmap).',
      cause,
    });
  }
  throw unusable(file, 'it is larger than any bmap');
}

function unusable(file: string, what: string): ImageError {
  return new ImageError(file, 'damaged', `${file} is no bmap file that can be used: ${what}`, {
    advice: 'Make it anew from the image (bmaptool create), or leave it out (--no-bmap).',
  });
}
