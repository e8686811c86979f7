import { createHash } from 'node:crypto';
import { copyFile, mkdir, open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { cacheEntry, defaultCacheDirectory } from '../cache.ts';
import { debianRootfs, debianRootfsSum, runCommand } from '../debian/index.ts';
import { sha256OfFile } from '../sha256.ts';
import { initramfsModules, kernelModules, kernelPackages, packages, updateVersion, version } from './contents.ts';
import { RootRequired } from './errors.ts';
import { makeExt4, makeVfat } from './file-systems.ts';
import { mebibyte, type Partition, partitionTable, sectorBytes } from './gpt.ts';
import { encodeEnvironmentBlock } from './grubenv.ts';
import { openImage, type ReferenceImage } from './images.ts';
import { writeInitramfs } from './initramfs.ts';
import { installKernel } from './kernel.ts';
import { grubDirectory, installGrub } from './loader.ts';
import { type Manifest, summarizeTree } from './manifest.ts';
import { measureTree, overlayTree, restampTree, settleTimes, slimTree, unpackTar } from './tree.ts';

export const buildSteps = ['packages', 'kernel', 'unpack', 'system', 'initramfs', 'disk', 'update'] as const;
export type BuildStep = (typeof buildSteps)[number];

export interface BuildProgress {
  step: BuildStep;
  /** From 1. */
  number: number;
  of: number;
  /** Since the build began. */
  seconds: number;
  /** What is going on in the step, in a few words. */
  detail?: string;
}

export interface BuildOptions {
  /** A package mirror's URL; default: the one this machine's apt uses, else mmdebstrap's own. */
  mirror?: string | undefined;
  /** Root of boardwalk's cache; default by XDG. */
  cacheDirectory?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Called as each step begins, and within long ones. Not called at all if the image is in the cache. */
  onProgress?: ((progress: BuildProgress) => void) | undefined;
}

const here = import.meta.dirname;
const files = join(here, 'files');
const supervisor = join(here, 'supervisor');
const versionBudget = 10_000;
const biosBootSector = 2048;
const bootMebibytes = 40; // balenaOS's size
const stateMebibytes = 20; // balenaOS's size
const dataMebibytes = 1024;
const slotAlignment = 4;

/**
 * The reference OS's flash image and update file, built if the cache hasn't got them. The first build needs the network and root;
 * later ones need neither, and a change of our own files doesn't fetch packages again.
 * Throws RootRequired, BuildCommandFailed, QemuMissing, ReferenceImageError, the signal's reason.
 */
export async function buildReferenceImage(options: BuildOptions = {}): Promise<ReferenceImage> {
  const cacheDirectory = options.cacheDirectory ?? defaultCacheDirectory();
  const began = performance.now();
  const progress = (step: BuildStep, detail?: string) =>
    options.onProgress?.({
      step,
      number: buildSteps.indexOf(step) + 1,
      of: buildSteps.length,
      seconds: (performance.now() - began) / 1000,
      ...(detail === undefined ? {} : { detail }),
    });
  const bootstrap = (step: BuildStep, names: readonly string[], variant: 'essential' | 'extract') =>
    debianRootfs({
      packages: names,
      variant,
      architecture: 'amd64',
      mirror: options.mirror,
      cacheDirectory,
      signal: options.signal,
      onProgress: (line) => progress(step, line),
    });
  const rootfs = await bootstrap('packages', packages, 'essential');
  const kernel = await bootstrap('kernel', kernelPackages, 'extract');
  const inputs = await gatherInputs(rootfs, kernel);
  const hash = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
  const directory = await cacheEntry({
    parent: join(cacheDirectory, 'images'),
    key: hash,
    signal: options.signal,
    onWait: () => progress('unpack', 'waiting for another build of the same image'),
    build: (directory) => buildInto(directory, { rootfs, kernel, inputs, hash, signal: options.signal, progress }),
  });
  return openImage(directory);
}

/** SHA-256 of everything that decides what the image holds, by name. */
async function gatherInputs(rootfs: string, kernel: string): Promise<Record<string, string>> {
  const sources: Record<string, string> = {};
  for (const directory of [here, join(here, '../debian')]) {
    for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && !path.endsWith('.test.ts') && !path.endsWith('.md')) sources[relative(here, path)] = await sha256OfFile(path);
    }
  }
  return Object.fromEntries(
    Object.entries({
      ...sources,
      packages: await debianRootfsSum(rootfs),
      kernel: await debianRootfsSum(kernel),
      node: await sha256OfFile(process.execPath),
      mke2fs: await tool('mke2fs', '-V'),
      'mkfs.vfat': await tool('mkfs.vfat', '--help'),
      xz: await tool('xz', '--version'),
      lz4: await tool('lz4', '--version'),
      as: await tool('as', '--version'),
      ld: await tool('ld', '--version'),
      'grub-mkimage': await tool('grub-mkimage', '--version'),
      grub: await sha256OfFile(join(grubDirectory, 'kernel.img')),
    }).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** A host program as an input: the sum of what it says of its version. */
async function tool(program: string, ...programArguments: string[]): Promise<string> {
  const said = await runCommand('sh', ['-c', '"$@" 2>&1', 'sh', program, ...programArguments], { budget: versionBudget });
  return createHash('sha256').update(said).digest('hex');
}

interface Build {
  rootfs: string;
  kernel: string;
  inputs: Record<string, string>;
  hash: string;
  signal: AbortSignal | undefined;
  progress: (step: BuildStep, detail?: string) => void;
}

async function buildInto(directory: string, { rootfs, kernel, inputs, hash, signal, progress }: Build): Promise<void> {
  if (process.getuid?.() !== 0) throw new RootRequired();
  const scratch = join(directory, 'scratch');
  const tree = join(scratch, 'root');

  progress('unpack');
  await unpackTar(rootfs, tree, [], signal);
  await unpackTar(kernel, join(scratch, 'kernel'), ['./boot', './lib/modules'], signal);

  progress('system');
  await slimTree(tree);
  const modules = await installKernel(join(scratch, 'kernel'), tree, [...kernelModules, ...initramfsModules], signal);
  await overlayTree({ tree, files: join(files, 'root'), supervisor, node: process.execPath, version, signal });

  progress('initramfs');
  await writeInitramfs(tree, modules, join(files, 'initramfs/init'));
  await settleTimes(tree);

  const trees: Manifest['trees'] = { root: await summarizeTree(tree) };
  const { bytes, inodes } = await measureTree(tree);
  const journalMebibytes = 4;
  const slotInodes = inodes + 2000;
  // Inode tables take 256 bytes each; 3 % and 8 MiB are for block maps, and for what a test writes into a slot.
  const slotMebibytes = roundUp((bytes * 1.03 + slotInodes * 256) / mebibyte + journalMebibytes + 8, slotAlignment);
  const configuration = join(files, 'mke2fs.conf');
  const slot = { sizeMebibytes: slotMebibytes, inodes: slotInodes, journalMebibytes, configuration, signal };

  progress('disk');
  const flash = join(directory, 'flash.img');
  const partitions = layOut(slotMebibytes);
  const end = Math.max(...partitions.map((partition) => partition.startMebibytes + partition.sizeMebibytes));
  const diskMebibytes = end + 1;
  const startOf = (name: string) => partitions.find((partition) => partition.name === name)?.startMebibytes ?? 0;
  const bootTree = join(scratch, 'boot');
  await mkdir(bootTree);
  for (const name of ['grub.cfg', 'config.json', 'device-type.json']) await copyFile(join(files, 'boot', name), join(bootTree, name));
  await writeFile(join(bootTree, 'grubenv'), encodeEnvironmentBlock({ resin_root_part: '2', upgrade_available: '0', bootcount: '0' }));
  await settleTimes(bootTree);
  trees['boot'] = await summarizeTree(bootTree);
  await writeFile(flash, '');
  await truncate(flash, diskMebibytes * mebibyte);
  const table = partitionTable(partitions, diskMebibytes);
  {
    await using disk = await open(flash, 'r+');
    await disk.write(table.front, 0, table.front.length, 0);
    await disk.write(table.back, 0, table.back.length, diskMebibytes * mebibyte - table.back.length);
  }
  await installGrub(flash, scratch, join(files, 'boot/grub-core.cfg'), biosBootSector, signal);
  const vfat = join(scratch, 'resin-boot.vfat');
  await makeVfat(vfat, 'resin-boot', bootMebibytes, bootTree, signal);
  await runCommand('dd', [`if=${vfat}`, `of=${flash}`, 'bs=1M', `seek=${startOf('resin-boot')}`, 'conv=notrunc,sparse', 'status=none'], {
    signal,
    budget: 60_000,
  });
  await makeExt4(flash, { ...slot, label: 'resin-rootA', content: tree, offsetMebibytes: startOf('resin-rootA') });
  await makeExt4(flash, { ...slot, label: 'resin-rootB', offsetMebibytes: startOf('resin-rootB') });
  for (const [label, sizeMebibytes, journalMebibytes] of [
    ['resin-state', stateMebibytes, 4],
    ['resin-data', dataMebibytes, 16],
  ] as const) {
    await makeExt4(flash, { label, sizeMebibytes, journalMebibytes, offsetMebibytes: startOf(label), configuration, signal });
  }

  progress('update');
  await restampTree(tree, join(files, 'root'), updateVersion);
  await settleTimes(tree);
  trees['update'] = await summarizeTree(tree);
  await makeExt4(join(directory, 'update.hostapp'), { ...slot, label: 'hostapp', content: tree });

  const manifest: Manifest = {
    hash,
    version,
    updateVersion,
    flashSha256: await sha256OfFile(flash),
    kernel: modules.release,
    node: process.version,
    inputs,
    trees,
    partitions,
  };
  await writeFile(join(directory, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  await rm(scratch, { recursive: true });
}

/** balenaOS's partitions and order; the loader's own space lies before them, the data partition last. */
function layOut(slotMebibytes: number): Partition[] {
  let start = 4;
  const next = (number: number, name: string, type: Partition['type'], sizeMebibytes: number): Partition => {
    const partition = { number, name, type, startMebibytes: start, sizeMebibytes };
    start += sizeMebibytes;
    return partition;
  };
  return [
    { number: 6, name: 'bios-boot', type: 'bios-boot', startMebibytes: (biosBootSector * sectorBytes) / mebibyte, sizeMebibytes: 1 },
    next(1, 'resin-boot', 'efi-system', bootMebibytes),
    next(2, 'resin-rootA', 'linux', slotMebibytes),
    next(3, 'resin-rootB', 'linux', slotMebibytes),
    next(4, 'resin-state', 'linux', stateMebibytes),
    next(5, 'resin-data', 'linux', dataMebibytes),
  ];
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
