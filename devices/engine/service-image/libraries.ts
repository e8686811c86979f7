import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { runCommand } from '../../../qemu/debian/index.ts';

const readelfBudget = 30_000;

/**
 * The shared libraries and dynamic loaders that programs need, by their place in the root file system, theirs included.
 * Read from the files' own headers: the programs may be another machine's.
 */
export async function librariesOf(root: string, programs: readonly string[], signal: AbortSignal | undefined): Promise<string[]> {
  const found = new Set<string>();
  let unread = [...programs];
  while (unread.length > 0) {
    const headers = await runCommand('readelf', ['--dynamic', '--program-headers', ...unread.map((path) => join(root, path))], {
      signal,
      budget: readelfBudget,
      advice: 'Install the package binutils.',
    });
    const needed = [...headers.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name = '']) => placeOf(root, name));
    const loaders = [...headers.matchAll(/Requesting program interpreter: \/(.+)\]/g)].map(([, path = '']) => path);
    unread = [...new Set([...needed, ...loaders])].filter((path) => !found.has(path));
    for (const path of unread) found.add(path);
  }
  return [...found].sort();
}

/** ld.so's default directories with Debian's multi-arch ones (ld.so(8)). */
function placeOf(root: string, library: string): string {
  const triplets = ['x86_64-linux-gnu', 'aarch64-linux-gnu', 'arm-linux-gnueabihf'];
  const directories = ['lib', 'usr/lib', ...triplets.flatMap((triplet) => [`lib/${triplet}`, `usr/lib/${triplet}`])];
  const place = directories.map((directory) => posix.join(directory, library)).find((path) => existsSync(join(root, path)));
  if (place === undefined) throw new RangeError(`no ${library} in ${root}`);
  return place;
}
