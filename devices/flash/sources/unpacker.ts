import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { DeviceError } from '../../errors.ts';
import { searchPath } from '../../sticks/tool.ts';
import type { Piece } from '../extents.ts';
import { ChildOutput } from './child-output.ts';
import { cutShort, damaged } from './faults.ts';

export interface Unpacker {
  program: string;
  debianPackage: string;
  arguments: readonly string[];
  /** How it says that its input ended too early. */
  cutShort: RegExp;
}

/** How a program ended, and what it said on standard error. */
interface End {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  said: string;
  /** Why it didn't start. */
  failure?: Error;
}

/**
 * The output of a program that unpacks a file, as it comes. The program reads the file by itself, in a process of its own, and dies with
 * this one whatever ends it; where nobody asks for more, it is ended.
 */
export async function* unpacked(file: string, unpacker: Unpacker, signal: AbortSignal): AsyncIterable<Piece> {
  // zstd skips a link with a success.
  const path = await realpath(file);
  await using output = await ChildOutput.open();
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', unpacker.program, ...unpacker.arguments, '--', path], {
    stdio: ['ignore', output.childEnd, 'pipe'],
    env: { PATH: searchPath.join(':'), LC_ALL: 'C' },
  });
  const ended = end(child);
  output.childEnd.destroy();
  const stop = () => child.kill('SIGKILL');
  signal.addEventListener('abort', stop);
  let start = 0;
  try {
    for (let bytes = await output.read(); bytes.length > 0; bytes = await output.read()) {
      yield { start, bytes };
      start += bytes.length;
      output.release();
    }
    const how = await ended;
    signal.throwIfAborted();
    if (how.exitCode !== 0) throw told(file, path, unpacker, how, start);
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
    await ended;
  }
}

async function end(child: ChildProcess): Promise<End> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  try {
    const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return { exitCode, signal, said };
  } catch (error) {
    return { exitCode: null, signal: null, said, failure: error instanceof Error ? error : new Error(String(error)) };
  }
}

function told(file: string, path: string, unpacker: Unpacker, how: End, unpackedBytes: number): Error {
  if (how.failure !== undefined) return missing(file, { program: 'setpriv', debianPackage: 'util-linux' }, how.failure);
  if (how.exitCode === 127 || /failed to execute/.test(how.said)) return missing(file, unpacker, undefined);
  // Both begin with the file's name, which our sentence has.
  const complaint = how.said
    .trim()
    .split('\n')
    .at(-1)
    ?.split(basename(path))
    .at(-1)
    ?.replace(/^[\s:]+/, '');
  const what = `${complaint || `${unpacker.program} ended with ${how.signal ?? how.exitCode}`} after ${unpackedBytes} unpacked bytes`;
  return unpacker.cutShort.test(how.said) ? cutShort(file, what) : damaged(file, what);
}

export function missing(file: string, { program, debianPackage }: { program: string; debianPackage: string }, cause: unknown): DeviceError {
  return new DeviceError(`${file} can't be unpacked: ${program} is not on this bench`, {
    blame: 'infra',
    advice: `Install it: apt install ${debianPackage}`,
    cause,
  });
}
