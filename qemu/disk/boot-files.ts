import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';

import { budgets } from '../budgets.ts';
import { findProgram } from '../program.ts';
import { ImageError } from './errors.ts';
import { partitionTableBytes, readPartitionTable } from './partition-table.ts';

export interface BootFilesRequest<Name extends string> {
  /** The flash image: a raw file with a FAT file system in its first partition. */
  image: string;
  /** File names in that file system's root. */
  names: Record<Name, string>;
  /** Where the copies go; it is made. */
  directory: string;
  signal?: AbortSignal;
}

/**
 * Copies what a board's own firmware would read off the card before it starts the loader, where an emulator needs it as files. Returns the copies' paths. Throws
 * ImageError where the image hasn't got them.
 */
export async function copyBootFiles<Name extends string>(request: BootFilesRequest<Name>): Promise<Record<Name, string>> {
  const { image, names, directory, signal } = request;
  const firstAt = await firstPartitionAt(image);
  await mkdir(directory, { recursive: true });
  const copies = { ...names };
  for (const name in names) {
    copies[name] = join(directory, names[name]);
    const result = await execa(findProgram('mcopy'), ['-n', '-o', '-i', `${image}@@${firstAt}`, `::/${names[name]}`, copies[name]], {
      reject: false,
      stdin: 'ignore',
      // The partitions of a card need not be whole tracks.
      env: { MTOOLS_SKIP_CHECK: '1' },
      timeout: budgets.bootFile,
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    });
    signal?.throwIfAborted();
    if (result.exitCode === 0) continue;
    const words = result.timedOut ? 'mcopy hung' : result.stderr.trim();
    throw new ImageError(image, 'not-bootable', `${image} can't be booted: there is no ${names[name]} in its first partition (${words})`, {
      advice: 'Give a whole flash image made for this device type.',
    });
  }
  return copies;
}

async function firstPartitionAt(image: string): Promise<number> {
  await using handle = await open(image);
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(partitionTableBytes), 0, partitionTableBytes, 0);
  const firstAt = readPartitionTable(buffer.subarray(0, bytesRead))?.firstAt;
  if (firstAt !== undefined) return firstAt;
  throw new ImageError(image, 'not-bootable', `${image} can't be booted: it has no first partition`, {
    advice: 'Give a whole flash image, uncompressed, made for this device type.',
  });
}
