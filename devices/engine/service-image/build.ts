import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianRootfs, debianRootfsSum, runCommand, sourceDateEpoch, type Architecture } from '../../../qemu/debian/index.ts';
import { cacheEntry, defaultCacheDirectory } from '../../../qemu/index.ts';
import { librariesOf } from './libraries.ts';
import { applets, debianPackages, directories, links, plainFiles, programs } from './packages.ts';

export interface ServiceImageOptions {
  architecture: Architecture;
  /** A package mirror's URL; default: the one that this machine's apt uses. */
  mirror?: string | undefined;
  /** Root of boardwalk's cache; default by XDG. */
  cacheDirectory?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((line: string) => void) | undefined;
}

const tree = fileURLToPath(new URL('./files/', import.meta.url));
const tarBudget = 120_000;

/**
 * Path of a tar with the root file system of the container that suites deploy: busybox, dbus-send, udev, and an init that
 * does with UDEV=on what balena's base images do. For `docker import`; see load.ts. Built once, then from the cache.
 */
export async function serviceImage(options: ServiceImageOptions): Promise<string> {
  const { architecture, mirror, cacheDirectory, signal, onProgress } = options;
  const rootfs = await debianRootfs({
    packages: debianPackages,
    variant: 'extract',
    architecture,
    mirror,
    cacheDirectory,
    signal,
    onProgress,
  });
  const entry = await cacheEntry({
    parent: join(cacheDirectory ?? defaultCacheDirectory(), 'service-image'),
    key: await keyOf(await debianRootfsSum(rootfs)),
    signal,
    onWait: () => onProgress?.('waiting for another build of the service image'),
    build: async (directory) => {
      onProgress?.('assembling the service image');
      await assemble(rootfs, join(directory, 'service-image.tar'), signal);
    },
  });
  return join(entry, 'service-image.tar');
}

/** All that the image is made of: the packages, this folder's files, and how they are put together. */
async function keyOf(rootfsSum: string): Promise<string> {
  const hash = createHash('sha256').update(rootfsSum);
  hash.update(JSON.stringify([sourceDateEpoch, programs, plainFiles, links, directories, applets]));
  hash.update(await readFile(fileURLToPath(import.meta.url)));
  for (const file of await filesOf(tree)) {
    hash.update(JSON.stringify([relative(tree, file), (await stat(file)).mode & 0o777]));
    hash.update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function assemble(rootfs: string, tar: string, signal: AbortSignal | undefined): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'boardwalk-service-'));
  try {
    const debian = join(scratch, 'debian');
    const image = join(scratch, 'image');
    await mkdir(debian);
    await runCommand('tar', ['--extract', '--no-same-owner', '--exclude=./dev/*', '--file', rootfs, '--directory', debian], {
      signal,
      budget: tarBudget,
    });
    const put = async (path: string) => {
      await mkdir(dirname(join(image, path)), { recursive: true });
      // Links are followed: a library's name is a link to its version.
      await cp(join(debian, path), join(image, path), { dereference: true });
    };
    for (const path of [...programs, ...plainFiles, ...(await librariesOf(debian, programs, signal))]) await put(path);
    for (const directory of directories) await mkdir(join(image, directory), { recursive: true });
    for (const name of applets) await link(image, join('bin', name), '/bin/busybox');
    for (const [place, target] of Object.entries(links)) await link(image, place, target);
    await cp(tree, image, { recursive: true });
    for (const open of ['tmp', 'var/tmp']) await chmod(join(image, open), 0o1777);
    await runCommand(
      'tar',
      [
        '--create',
        '--sort=name',
        `--mtime=@${sourceDateEpoch}`,
        '--owner=0',
        '--group=0',
        '--numeric-owner',
        '--format=gnu',
        '--file',
        tar,
        '--directory',
        image,
        '.',
      ],
      { signal, budget: tarBudget },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function link(image: string, place: string, target: string): Promise<void> {
  await mkdir(dirname(join(image, place)), { recursive: true });
  await symlink(target, join(image, place));
}
