import { execFileSync } from 'node:child_process';
import { truncate } from 'node:fs/promises';
import type { ExecutionContext, TestFn } from 'ava';
import { makeScratch, type Scratch } from '../../../qemu/disk/scratch.ts';

// A loop device is a block device like any other, where this host lets us make one: usually root's privilege.
export interface Loop extends AsyncDisposable {
  path: string;
  backing: string;
}

export async function makeLoop(scratch: Scratch, bytes: number): Promise<Loop> {
  const backing = await scratch.write('disk', '');
  await truncate(backing, bytes);
  const path = execFileSync('losetup', ['--find', '--show', backing], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  return { path, backing, [Symbol.asyncDispose]: async () => void execFileSync('losetup', ['--detach', path]) };
}

async function whyNoLoop(): Promise<string | undefined> {
  await using scratch = await makeScratch();
  try {
    await using _loop = await makeLoop(scratch, 1024 * 1024);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
  }
}

const reason = await whyNoLoop();

/** A test that needs them, or a skipped one that says why. */
export function onLoop(test: TestFn, title: string, body: (t: ExecutionContext) => Promise<void>): void {
  if (reason === undefined) test.serial(title, body);
  else test.skip(`${title} (no loop device here: ${reason})`, body);
}
