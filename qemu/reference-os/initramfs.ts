import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';

import { initramfsModules } from './contents.ts';
import { cpioArchive, type CpioEntry } from './cpio.ts';
import type { KernelModules } from './kernel.ts';

const zstdLevel = 19;
/** The commands of busybox that files/initramfs/init calls and that its shell doesn't have built in. */
const applets = ['cat', 'dd', 'grep', 'insmod', 'mkdir', 'mount', 'mv', 'sh', 'sleep', 'switch_root', 'tr'];

/** Writes `boot/initrd` of a tree: busybox, the modules that find and mount a disk, and the given /init. */
export async function writeInitramfs(tree: string, modules: KernelModules, init: string): Promise<void> {
  const entries: CpioEntry[] = [];
  for (const path of ['bin', 'dev', 'modules', 'proc', 'slot', 'sys']) entries.push({ path, type: 'directory', mode: 0o755 });
  entries.push({ path: 'init', type: 'file', mode: 0o755, content: await readFile(init) });
  entries.push({ path: 'bin/busybox', type: 'file', mode: 0o755, content: await readFile(join(tree, 'usr/bin/busybox')) });
  for (const applet of applets) entries.push({ path: `bin/${applet}`, type: 'symlink', mode: 0o777, content: 'busybox' });
  const packed = new Set<string>();
  for (const [list, names] of Object.entries(initramfsModules)) {
    const files = [...new Set(names.flatMap((name) => modules.loadOrder(name)))];
    for (const file of files.filter((file) => !packed.has(file))) {
      packed.add(file);
      entries.push({ path: `modules/${basename(file)}`, type: 'file', mode: 0o644, content: await readFile(join(modules.directory, file)) });
    }
    entries.push({ path: `modules/${list}`, type: 'file', mode: 0o644, content: files.map((file) => `${basename(file)}\n`).join('') });
  }
  const archive = zstdCompressSync(cpioArchive(entries), { params: { [constants.ZSTD_c_compressionLevel]: zstdLevel } });
  await writeFile(join(tree, 'boot/initrd'), archive);
}
