import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ImageError, inspectImage, recognise, signatureBytes } from '../../../qemu/index.ts';
import type { ImageSource } from '../source.ts';
import { gzipSource } from './gzip.ts';
import { rawSource } from './raw.ts';
import { xzSource } from './xz.ts';
import { zstdSource } from './zstd.ts';

const unpackers = { gzip: gzipSource, zstd: zstdSource, xz: xzSource } as const;

/**
 * Looks at a flash image by its first bytes: a raw disk, or one packed with gzip, zstd or xz. Throws ImageError, in one sentence, for
 * anything else. What is packed shows when it is read.
 */
export async function openSource(file: string): Promise<ImageSource> {
  const compression = recognise(await readHead(file))?.compression;
  if (compression === 'gzip' || compression === 'zstd' || compression === 'xz') return unpackers[compression](file);
  // Says what it is instead, if it is no disk.
  const image = await inspectImage(file);
  if (image.format === 'raw') return rawSource(file, image.diskBytes);
  throw new ImageError(
    file,
    'not-a-disk-image',
    `${file} is a qcow2 image: expected a raw disk, as it is or packed with gzip, zstd or xz`,
    {
      advice: `Convert it: qemu-img convert -O raw ${file} disk.img`,
    },
  );
}

async function readHead(file: string): Promise<Buffer> {
  try {
    // Without O_NONBLOCK, a FIFO given by mistake would hold us for ever.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(signatureBytes), 0, signatureBytes, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    // inspectImage, which is next, tells why it can't be read.
    return Buffer.alloc(0);
  }
}
