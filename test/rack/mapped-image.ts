import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
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
  const ranges: string[] = [];
  let mapped = 0;
  for (const { start, length, zero } of map) {
    if (zero) continue;
    const [first, last] = [Math.floor(start / blockBytes), Math.ceil((start + length) / blockBytes) - 1];
    const hash = createHash('sha256');
    for await (const bytes of createReadStream(image, { start: first * blockBytes, end: Math.min((last + 1) * blockBytes, size) - 1 }))
      hash.update(bytes);
    ranges.push(`<Range chksum="${hash.digest('hex')}">${first}-${last}</Range>`);
    mapped += last - first + 1;
  }
  const zeros = '0'.repeat(64);
  const text = `<?xml version="1.0" ?>
<bmap version="2.0">
<ImageSize>${size}</ImageSize>
<BlockSize>${blockBytes}</BlockSize>
<BlocksCount>${Math.ceil(size / blockBytes)}</BlocksCount>
<MappedBlocksCount>${mapped}</MappedBlocksCount>
<ChecksumType>sha256</ChecksumType>
<BmapFileChecksum>${zeros}</BmapFileChecksum>
<BlockMap>
${ranges.join('\n')}
</BlockMap>
</bmap>
`;
  await writeFile(`${target}.bmap`, text.replace(zeros, createHash('sha256').update(text).digest('hex')));
  return target;
}
