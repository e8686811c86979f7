import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { partitionStart } from '../partition-table.ts';
import { tool } from '../tool.ts';
import type { Format } from './format.ts';

const sectorBytes = 512;
/** How mtools names a file system inside an image. */
const inside = (image: string) => `${image}@@${partitionStart}`;

export const vfat: Format = {
  partitionType: 0x0c,
  programs: ['mkfs.vfat', 'mcopy', 'mdir', 'mtype'],
  longestLabel: 11,
  uuidPattern: /^[0-9A-F]{4}-[0-9A-F]{4}$/,

  randomUuid() {
    const digits = randomBytes(4).toString('hex').toUpperCase();
    return `${digits.slice(0, 4)}-${digits.slice(4)}`;
  },

  async make(image, { label, uuid, partitionKiB, content }) {
    const named = label === undefined ? [] : ['-n', label];
    await tool('mkfs.vfat', [
      `--offset=${partitionStart / sectorBytes}`,
      '-i',
      uuid.replace('-', ''),
      ...named,
      image,
      String(partitionKiB),
    ]);
    const entries = await readdir(content);
    if (entries.length === 0) return;
    // -s subdirectories too, -o no question about what is there.
    await tool('mcopy', ['-s', '-o', '-i', inside(image), ...entries.map((entry) => join(content, entry)), '::']);
  },

  async readFile(image, path) {
    return (await tool('mtype', ['-i', inside(image), `::${path}`])).stdout;
  },

  async list(image) {
    // One path a line, of every directory; exit code 1 says that the root is empty.
    const { stdout } = await tool('mdir', ['-/', '-b', '-i', inside(image), '::'], [0, 1]);
    return stdout
      .toString('utf8')
      .split('\n')
      .filter((line) => line.startsWith('::/') && !line.endsWith('/'))
      .map((line) => line.slice('::/'.length))
      .sort();
  },
};
