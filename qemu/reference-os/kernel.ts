import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { runCommand } from '../debian/index.ts';
import { ReferenceImageError } from './errors.ts';
import type { Board } from './boards/index.ts';

const depmodBudget = 120_000;

/** Modules of a tree: the directory that holds them and, by name, the paths in it that must be loaded before and then the module's own. */
export interface KernelModules {
  directory: string;
  release: string;
  /** In the order of loading, the module itself last. Empty if the kernel has it built in. */
  loadOrder(name: string): string[];
}

/** Reads modules.dep: `path: dependency dependency…`, where the last dependency is to be loaded first. */
export function parseModulesDep(text: string): Map<string, string[]> {
  const order = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [path, dependencies] = line.split(':');
    if (path === undefined || dependencies === undefined) continue;
    order.set(moduleName(path), [
      ...dependencies
        .split(' ')
        .filter((dependency) => dependency !== '')
        .toReversed(),
      path,
    ]);
  }
  return order;
}

function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.xz|\.zst)?$/u, '')
    .replaceAll('-', '_');
}

/**
 * Puts the kernel of an unpacked Debian kernel package into a root tree, in boot/ as the board's loader wants it, and of its modules only those
 * asked for and what they depend on. The tree's own kmod, which must run here, computes the indexes.
 */
export async function installKernel(
  source: string,
  tree: string,
  board: Board,
  wanted: readonly string[],
  signal: AbortSignal | undefined,
): Promise<KernelModules> {
  const [release] = await readdir(join(source, 'lib/modules'));
  if (release === undefined)
    throw new ReferenceImageError('the kernel package holds no modules', {
      advice: `Look at the package ${board.kernelPackage} of the mirror.`,
    });
  await mkdir(join(tree, 'boot'), { recursive: true });
  const packaged = join(source, 'boot', `vmlinuz-${release}`);
  const kernel = join(tree, 'boot', board.kernelFile);
  await (board.repackKernel?.(packaged, kernel, source, signal) ?? copyFile(packaged, kernel));

  const directory = join(tree, 'usr/lib/modules', release);
  await mkdir(dirname(directory), { recursive: true });
  await rename(join(source, 'lib/modules', release), directory);
  const order = await indexModules(tree, directory, release, signal);
  const builtIn = new Set((await readFile(join(directory, 'modules.builtin'), 'utf8')).split('\n').map(moduleName));
  const kept = new Set<string>();
  for (const name of wanted) {
    const paths = order.get(name.replaceAll('-', '_'));
    if (paths === undefined && !builtIn.has(name.replaceAll('-', '_'))) {
      throw new ReferenceImageError(`kernel ${release} has no module ${name}`, {
        advice: 'Take it out of the list of kernel modules, or find its new name.',
      });
    }
    for (const path of paths ?? []) kept.add(path);
  }
  for (const entry of await readdir(join(directory, 'kernel'), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile()) continue;
    if (kept.has(path.slice(directory.length + 1))) await writeFile(path, withoutSignature(await readFile(path)));
    else await rm(path);
  }
  await removeEmptyDirectories(join(directory, 'kernel'));
  const remaining = await indexModules(tree, directory, release, signal);
  return { directory, release, loadOrder: (name) => remaining.get(name.replaceAll('-', '_')) ?? [] };
}

const signatureMark = '~Module signature appended~\n';
/** Of the kernel's struct module_signature (include/linux/module_signature.h), whose last four bytes are the signature's length. */
const signatureHeaderBytes = 12;

/**
 * A module's file without the signature that Debian appends. This OS asks for none, and an emulated CPU takes 25 ms to check one: a second for a boot's forty modules.
 */
export function withoutSignature(module: Buffer): Buffer {
  const header = module.length - signatureMark.length - signatureHeaderBytes;
  if (header < 0 || module.toString('latin1', header + signatureHeaderBytes) !== signatureMark) return module;
  return module.subarray(0, header - module.readUInt32BE(header + signatureHeaderBytes - 4));
}

async function indexModules(
  tree: string,
  directory: string,
  release: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, string[]>> {
  await runCommand('chroot', [tree, '/sbin/depmod', release], { signal, budget: depmodBudget });
  return parseModulesDep(await readFile(join(directory, 'modules.dep'), 'utf8'));
}

async function removeEmptyDirectories(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeEmptyDirectories(join(directory, entry.name));
  }
  if ((await readdir(directory)).length === 0) await rm(directory, { recursive: true });
}
