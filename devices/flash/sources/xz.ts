import { execa } from 'execa';
import { searchPath } from '../../sticks/tool.ts';
import { flashBudgets } from '../budgets.ts';
import type { ImageSource } from '../source.ts';
import { cutShort, damaged } from './faults.ts';
import { missing, unpacked, type Unpacker } from './unpacker.ts';

const xz: Unpacker = {
  program: 'xz',
  debianPackage: 'xz-utils',
  // Its largest preset needs 65 MiB (man xz); with more allowed, a file of many blocks is unpacked by several threads.
  arguments: ['--decompress', '--stdout', '--threads=0', '--memlimit=160MiB'],
  cutShort: /unexpected end of input/i,
};

export async function xzSource(file: string): Promise<ImageSource> {
  const diskBytes = await listedBytes(file);
  return { file, format: 'xz', diskBytes, read: ({ signal }) => unpacked(file, xz, signal) };
}

/** What the index at the file's end says. A file without one is cut short, and is refused before it is begun. */
async function listedBytes(file: string): Promise<number> {
  const result = await execa('xz', ['--robot', '--list', '--', file], {
    stdin: 'ignore',
    env: { PATH: searchPath.join(':'), LC_ALL: 'C' },
    timeout: flashBudgets.lookUp,
    killSignal: 'SIGKILL',
    reject: false,
  });
  if (result.code === 'ENOENT') throw missing(file, xz, result.cause);
  // totals, streams, blocks, packed, unpacked: ROBOT MODE of man xz.
  const bytes = Number(/^totals(?:\t[^\t]+){3}\t(\d+)\t/m.exec(result.stdout ?? '')?.[1]);
  if (result.exitCode === 0 && Number.isSafeInteger(bytes)) return bytes;
  if (result.timedOut) throw damaged(file, `xz --list was not done after ${flashBudgets.lookUp / 1000} s`, result.cause);
  throw cutShort(file, `it has no index at its end (${result.stderr?.trim() || result.shortMessage})`, result.cause);
}
