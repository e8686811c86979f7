import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Scratch extends AsyncDisposable {
  path: (name: string) => string;
  write: (name: string, bytes: Uint8Array | string) => Promise<string>;
  read: (name: string) => Promise<Buffer>;
}

/** A directory of a test's own, for disk images. */
export async function makeScratch(): Promise<Scratch> {
  const directory = await mkdtemp(join(tmpdir(), 'disk-test-'));
  const path = (name: string) => join(directory, name);
  return {
    path,
    write: async (name, bytes) => {
      await writeFile(path(name), bytes);
      return path(name);
    },
    read: (name) => readFile(path(name)),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}
