import { mkdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import { stateDirectoryName } from '../state-directory.ts';

export interface RunDirectory {
  id: string;
  /** Absolute. */
  directory: string;
}

/** A new directory for a run, named by the local time; `runs/latest` points at it from now on. */
export async function newRunDirectory(cwd: string, now = new Date()): Promise<RunDirectory> {
  const runs = join(cwd, stateDirectoryName, 'runs');
  try {
    await mkdir(runs, { recursive: true });
    for (let number = 1; ; number += 1) {
      const id = `${timestamp(now)}${number === 1 ? '' : `-${number}`}`;
      const directory = join(runs, id);
      try {
        await mkdir(directory);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'EEXIST') continue;
        throw error;
      }
      await pointLatest(runs, id);
      return { id, directory };
    }
  } catch (cause) {
    throw new UsageError(`${runs} can't be written: ${cause instanceof Error ? cause.message : String(cause)}`, {
      advice: 'boardwalk keeps its runs in .boardwalk/ of the working directory: call it where you may write',
      cause,
    });
  }
}

/** The link is replaced by a rename, so that a reader always finds one. */
async function pointLatest(runs: string, id: string): Promise<void> {
  const link = join(runs, `.latest-${process.pid}`);
  await symlink(id, link);
  await rename(link, join(runs, 'latest'));
}

const two = (value: number): string => String(value).padStart(2, '0');

function timestamp(date: Date): string {
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}
