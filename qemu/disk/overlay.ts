import { existsSync } from 'node:fs';
import { rm, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { execa } from 'execa';

import { budgets } from '../budgets.ts';
import { QemuError } from '../errors.ts';
import { findProgram } from '../program.ts';
import type { DiskImage } from './image.ts';
import { NoSpace } from './errors.ts';

/** What a session writes at most, by experience: six suites with two updates of 330 MB each and their containers. */
const headroomBytes = 2 * 1024 ** 3;

export interface OverlayOptions {
  /** Never written, and never to be moved or changed while the overlay lives. */
  base: Pick<DiskImage, 'file' | 'format' | 'diskBytes'>;
  /** The qcow2 file to make; there must be none yet. */
  file: string;
  /** Its disk's size, where that is larger than the base's; what lies beyond reads as zeros. */
  diskBytes?: number;
  signal?: AbortSignal;
}

/** Makes a qcow2 overlay that takes every write in place of its base. Throws NoSpace if a session's writes would not fit. */
export async function createOverlay(options: OverlayOptions): Promise<void> {
  const file = resolve(options.file);
  if (existsSync(file))
    throw new QemuError(`${file} is already there, expected to make an overlay of it`, { advice: 'Remove it, or give another path.' });
  await demandSpace(dirname(file), Math.min(headroomBytes, options.base.diskBytes), `the overlay of ${options.base.file}`);
  const result = await execa(
    findProgram('qemu-img'),
    [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-b',
      resolve(options.base.file),
      '-F',
      options.base.format,
      file,
      ...(options.diskBytes === undefined ? [] : [String(options.diskBytes)]),
    ],
    {
      reject: false,
      stdin: 'ignore',
      timeout: budgets.qemuImg,
      killSignal: 'SIGKILL',
      ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    },
  );
  if (result.exitCode === 0) return;
  await rm(file, { force: true });
  options.signal?.throwIfAborted();
  throw new QemuError(
    `no overlay of ${options.base.file} could be made at ${file}: ${result.timedOut ? 'qemu-img hung' : result.stderr.trim()}`,
    {
      advice: 'Check that the base is readable and the directory writable.',
      evidence: [result.stderr],
    },
  );
}

/** Throws NoSpace if a directory's file system has fewer bytes to give to this user than needed. */
export async function demandSpace(directory: string, neededBytes: number, purpose: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  throw new NoSpace(`${purpose} needs ${mebibytes(neededBytes)} in ${directory}, where ${mebibytes(freeBytes)} are free`, {
    advice: 'Free some (boardwalk image prune), or work in a directory on a larger disk.',
  });
}

function mebibytes(count: number): string {
  return `${Math.floor(count / 1024 ** 2).toLocaleString('en-US')} MiB`;
}
