import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { createReadStream, createWriteStream } from 'node:fs';
import test from 'ava';
import { execaNode } from 'execa';
import { makeScratch, type Scratch } from '../../qemu/disk/scratch.ts';
import { noise, specimen } from './specimen.ts';

const gibibyte = 2 ** 30;

/** KiB, as the kernel counts: all of Node, the flasher's own code and every buffer. */
const ceiling = 200 * 1024;

const program = `
  const { flash } = await import(process.argv[2]);
  await flash({ image: process.argv[3], target: process.argv[4] });
  console.log(process.resourceUsage().maxRSS);
`;

async function sparseImage(scratch: Scratch): Promise<string> {
  const file = scratch.path('image');
  await using handle = await open(file, 'w');
  await handle.truncate(gibibyte);
  await handle.write(specimen().disk, 0, undefined, 0);
  await handle.write(noise(48 * 1024 * 1024, 1), 0, undefined, gibibyte / 2);
  return file;
}

for (const packing of ['raw', 'gzip'] as const) {
  test.serial(`1 GiB of a ${packing} image takes less than 200 MB of memory`, async (t) => {
    await using scratch = await makeScratch();
    const raw = await sparseImage(scratch);
    const image = packing === 'raw' ? raw : `${raw}.gz`;
    if (packing === 'gzip') await pipeline(createReadStream(raw), createGzip({ level: 1 }), createWriteStream(image));
    const main = await scratch.write('main.mjs', program);
    const module = new URL('./flash.ts', import.meta.url).href;
    const { stdout } = await execaNode(main, [module, image, scratch.path('target')], { nodeOptions: [] });
    t.regex(stdout, /^\d+$/);
    t.true(Number(stdout) < ceiling, `${stdout} KiB`);
    t.log(`${Math.round(Number(stdout) / 1024)} MiB`);
  });
}
