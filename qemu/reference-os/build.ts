import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { cacheEntry, defaultCacheDirectory } from '../cache.ts';
import { debianRootfs, debianRootfsSum, runCommand, type Architecture } from '../debian/index.ts';
import { sha256OfFile } from '../sha256.ts';
import { boardOf, type Board } from './boards/index.ts';
import { initramfsModules, kernelModules, packages, updateVersion, version } from './contents.ts';
import { RootRequired } from './errors.ts';
import { makeExt4, makeVfat } from './file-systems.ts';
import { fillIn, type Blanks } from './fill-in.ts';
import { essentialPackages, foreignNode, transplant } from './foreign.ts';
import { mebibyte, type Partition, partitionTable } from './gpt.ts';
import { hostTool } from './host-tool.ts';
import { openImage, type ReferenceImage } from './images.ts';
import { writeInitramfs } from './initramfs.ts';
import { installKernel } from './kernel.ts';
import type { LoaderSite } from './loaders/loader.ts';
import { type Manifest, summarizeTree } from './manifest.ts';
import { bundlerVersion } from './supervisor-files.ts';
import { installNode, measureTree, overlayTree, restampTree, settleTimes, slimTree, unpackTar } from './tree.ts';

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
  /** The device type that it is for. */
  deviceType: string;
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
/** Of the packages that are configured: their scripts run on this host. */
const ownArchitecture = 'amd64';
const ownTriplet = 'x86_64-linux-gnu';
const bootMebibytes = 40; // balenaOS's size
const stateMebibytes = 20; // balenaOS's size
const dataMebibytes = 1024;
const slotAlignment = 4;

/**
 * The reference OS's flash image and update file for a device type, built if the cache hasn't got them. The first build needs the network and root;
 * later ones need neither, and a change of our own files doesn't fetch packages again.
 * Throws RootRequired, BuildCommandFailed, QemuMissing, ReferenceImageError, the signal's reason.
 */
export async function buildReferenceImage(options: BuildOptions): Promise<ReferenceImage> {
  const board = boardOf(options.deviceType);
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
  const bootstrap = (step: BuildStep, names: readonly string[], variant: 'essential' | 'extract', architecture: Architecture) =>
    debianRootfs({
      packages: names,
      variant,
      architecture,
      mirror: options.mirror,
      cacheDirectory,
      signal: options.signal,
      onProgress: (line) => progress(step, line),
    });
  const rootfs = await bootstrap('packages', [...packages, ...board.packages], 'essential', ownArchitecture);
  const foreign =
    board.architecture === ownArchitecture
      ? undefined
      : {
          packages: await bootstrap('packages', [...packages, ...board.packages, ...essentialPackages], 'extract', board.architecture),
          node: await foreignNode(board.architecture, cacheDirectory, options.signal),
        };
  const kernel = await bootstrap('kernel', [board.kernelPackage, ...(board.loaderPackages ?? [])], 'extract', board.architecture);
  const inputs = await gatherInputs(board, { rootfs, kernel, foreign });
  const hash = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
  const directory = await cacheEntry({
    parent: join(cacheDirectory, 'images'),
    key: hash,
    signal: options.signal,
    onWait: () => progress('unpack', 'waiting for another build of the same image'),
    build: (directory) => buildInto(directory, { board, rootfs, kernel, foreign, inputs, hash, signal: options.signal, progress }),
  });
  return openImage(directory);
}

/** SHA-256 of everything that decides what the image holds, by name. */
async function gatherInputs(board: Board, { rootfs, kernel, foreign }: Sources): Promise<Record<string, string>> {
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
      board: createHash('sha256').update(board.slug).digest('hex'),
      packages: await debianRootfsSum(rootfs),
      ...(foreign && { 'foreign packages': await debianRootfsSum(foreign.packages), 'foreign node': await sha256OfFile(foreign.node) }),
      kernel: await debianRootfsSum(kernel),
      node: await sha256OfFile(process.execPath),
      esbuild: createHash('sha256')
        .update(await bundlerVersion())
        .digest('hex'),
      mke2fs: await hostTool('mke2fs', '-V'),
      'mkfs.vfat': await hostTool('mkfs.vfat', '--help'),
      xz: await hostTool('xz', '--version'),
      lz4: await hostTool('lz4', '--version'),
      as: await hostTool('as', '--version'),
      ld: await hostTool('ld', '--version'),
      ...(await board.loader.inputs()),
    }).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Paths of what is fetched. */
interface Sources {
  /** Packages of this host's architecture, configured. */
  rootfs: string;
  kernel: string;
  /** Another architecture's unpacked packages and its Node; undefined where the board has this host's. */
  foreign: { packages: string; node: string } | undefined;
}

interface Build extends Sources {
  board: Board;
  inputs: Record<string, string>;
  hash: string;
  signal: AbortSignal | undefined;
  progress: (step: BuildStep, detail?: string) => void;
}

async function buildInto(directory: string, { board, rootfs, kernel, foreign, inputs, hash, signal, progress }: Build): Promise<void> {
  if (process.getuid?.() !== 0) throw new RootRequired();
  const scratch = join(directory, 'scratch');
  const tree = join(scratch, 'root');

  progress('unpack');
  await unpackTar(rootfs, tree, [], signal);
  const site: LoaderSite = { scratch, packages: join(scratch, 'kernel'), signal };
  await unpackTar(kernel, site.packages, [], signal);

  progress('system');
  await slimTree(tree, ownTriplet);
  const early = [...initramfsModules, ...board.initramfsModules];
  const modules = await installKernel(site.packages, tree, board, [...kernelModules, ...board.modules, ...early], signal);
  const blanks: Blanks = {
    VERSION: version,
    KERNEL: board.kernelFile,
    DEVICE_TYPE: board.slug,
    NAME: board.name,
    ARCH: board.arch,
    REBOOT_WATCHDOG: board.watchdogBites ? 'off' : '10min',
  };
  const overlays = [join(files, 'root'), join(board.loader.files, 'root')];
  await overlayTree({ tree, files: overlays, blanks, supervisor, console: board.console, signal });
  if (foreign === undefined) await installNode(tree, signal);
  else {
    const donor = join(scratch, 'donor');
    await unpackTar(foreign.packages, donor, [], signal);
    await transplant({ tree, from: ownTriplet, donor, to: board.triplet, signal });
    await copyFile(foreign.node, join(tree, 'usr/bin/node'));
    await chmod(join(tree, 'usr/bin/node'), 0o755);
  }

  progress('initramfs');
  await writeInitramfs(tree, modules, early, join(files, 'initramfs/init'));
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
  const partitions = layOut(board, slotMebibytes);
  const end = Math.max(...partitions.map((partition) => partition.startMebibytes + partition.sizeMebibytes));
  const diskMebibytes = end + 1;
  const startOf = (name: string) => partitions.find((partition) => partition.name === name)?.startMebibytes ?? 0;
  const bootTree = join(scratch, 'boot');
  await mkdir(bootTree);
  for (const name of ['config.json', 'device-type.json']) {
    await writeFile(join(bootTree, name), fillIn(await readFile(join(files, 'boot', name), 'utf8'), blanks));
  }
  await board.loader.fillBootPartition(bootTree, site);
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
  await board.loader.install?.(flash, site);
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
  await restampTree(tree, join(files, 'root'), { ...blanks, VERSION: updateVersion });
  await settleTimes(tree);
  trees['update'] = await summarizeTree(tree);
  await makeExt4(join(directory, 'update.hostapp'), { ...slot, label: 'hostapp', content: tree });

  const manifest: Manifest = {
    hash,
    deviceType: board.slug,
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
function layOut(board: Board, slotMebibytes: number): Partition[] {
  let start = 4;
  const next = (number: number, name: string, type: Partition['type'], sizeMebibytes: number): Partition => {
    const partition = { number, name, type, startMebibytes: start, sizeMebibytes };
    start += sizeMebibytes;
    return partition;
  };
  return [
    ...board.loader.partitions,
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
