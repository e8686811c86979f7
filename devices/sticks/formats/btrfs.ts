import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { FileNotOnStick } from '../errors.ts';
import { partitionStart } from '../partition-table.ts';
import { tool } from '../tool.ts';
import type { Format } from './format.ts';

const mebibyte = 1024 * 1024;

/** A file system that images for devices seldom know: for tests of what they do then. btrfs-progs knows no offsets, so the partition is a file of its own. */
export const btrfs: Format = {
  partitionType: 0x83,
  programs: ['mkfs.btrfs', 'btrfs'],
  longestLabel: 255,
  uuidPattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  randomUuid: randomUUID,

  make(image, { label, uuid, partitionKiB, content }) {
    return withPartition(image, async (partition) => {
      const named = label === undefined ? [] : ['--label', label];
      await writeFile(partition, '');
      await truncate(partition, partitionKiB * 1024);
      // Mixed: data and metadata in one kind of block group, as its manual wants it for small file systems.
      await tool('mkfs.btrfs', ['--quiet', '--mixed', '--uuid', uuid, ...named, '--rootdir', content, partition]);
      await tool('dd', [
        `if=${partition}`,
        `of=${image}`,
        'bs=1M',
        `seek=${partitionStart / mebibyte}`,
        'conv=notrunc,sparse',
        'status=none',
      ]);
    });
  },

  readFile(image, path) {
    return withFilesOf(image, async (directory) => {
      try {
        return await readFile(join(directory, path));
      } catch (cause) {
        throw new FileNotOnStick(path, String(cause));
      }
    });
  },

  list(image) {
    return withFilesOf(image, async (directory) => {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
        .sort();
    });
  },
};

async function withPartition<T>(image: string, use: (partition: string, directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(dirname(image), 'btrfs-'));
  try {
    return await use(join(directory, 'partition.img'), directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Gives a directory with a copy of all files. */
async function withFilesOf<T>(image: string, read: (directory: string) => Promise<T>): Promise<T> {
  return withPartition(image, async (partition, directory) => {
    await tool('dd', [`if=${image}`, `of=${partition}`, 'bs=1M', `skip=${partitionStart / mebibyte}`, 'conv=sparse', 'status=none']);
    const files = join(directory, 'files');
    await tool('mkdir', [files]);
    await tool('btrfs', ['restore', partition, files]);
    return read(files);
  });
}
