import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { bmapText, type MappedRange } from '../../devices/flash/specimen.ts';
import { runCommand } from '../../qemu/debian/index.ts';

const extents = z.array(z.object({ start: z.int(), length: z.int(), data: z.boolean(), zero: z.boolean() }));
const blockBytes = 4096;

/** Puts a flash image and a bmap file of it into a directory: only what isn't zeros has to go through the emulated card reader. Its path. */
export async function mappedImage(image: string, directory: string, signal?: AbortSignal): Promise<string> {
  const target = join(directory, 'flash.img');
  await link(image, target).catch(() => copyFile(image, target));
  const { size } = await stat(image);
  const map = extents.parse(
    JSON.parse(await runCommand('qemu-img', ['map', '--output=json', '-f', 'raw', image], { signal, budget: 60_000 })),
  );
  const ranges: MappedRange[] = [];
  for (const { start, length, zero } of map) {
    if (zero) continue;
    const [first, last] = [Math.floor(start / blockBytes), Math.ceil((start + length) / blockBytes) - 1];
    const hash = createHash('sha256');
    for await (const bytes of createReadStream(image, { start: first * blockBytes, end: Math.min((last + 1) * blockBytes, size) - 1 }))
      hash.update(bytes);
    ranges.push({ first, last, sha256: hash.digest('hex') });
  }
  await writeFile(`${target}.bmap`, bmapText(size, blockBytes, ranges));
  return target;
}
