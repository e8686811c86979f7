import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';

import { cpioArchive, type CpioEntry } from './cpio.ts';
import type { KernelModules } from './kernel.ts';

const zstdLevel = 19;
/** The commands of busybox that files/initramfs/init calls and that its shell doesn't have built in. */
const applets = ['dd', 'mkdir', 'modprobe', 'mount', 'mv', 'sh', 'sleep', 'switch_root'];

/** Writes `boot/initrd` of a tree: busybox, the modules of these names, which find and mount a disk, and the given /init. */
export async function writeInitramfs(tree: string, modules: KernelModules, names: readonly string[], init: string): Promise<void> {
  const entries: CpioEntry[] = [];
  const modulesPath = `lib/modules/${modules.release}`;
  for (const path of ['bin', 'dev', 'lib', 'lib/modules', modulesPath, 'proc', 'slot', 'sys'])
    entries.push({ path, type: 'directory', mode: 0o755 });
  entries.push({ path: 'init', type: 'file', mode: 0o755, content: await readFile(init) });
  entries.push({ path: 'bin/busybox', type: 'file', mode: 0o755, content: await readFile(join(tree, 'usr/bin/busybox')) });
  for (const applet of applets) entries.push({ path: `bin/${applet}`, type: 'symlink', mode: 0o777, content: 'busybox' });
  const packed = [...new Set(names.flatMap((name) => modules.loadOrder(name)))];
  for (const file of packed) {
    entries.push({
      path: `${modulesPath}/${basename(file)}`,
      type: 'file',
      mode: 0o644,
      content: await readFile(join(modules.directory, file)),
    });
  }
  const dependencies = packed.map((file) => {
    const [own, ...needed] = modules
      .loadOrder(basename(file, '.ko'))
      .map((path) => basename(path))
      .toReversed();
    return `${String(own)}: ${needed.join(' ')}\n`;
  });
  entries.push({ path: `${modulesPath}/modules.dep`, type: 'file', mode: 0o644, content: dependencies.join('') });
  const archive = zstdCompressSync(cpioArchive(entries), { params: { [constants.ZSTD_c_compressionLevel]: zstdLevel } });
  await writeFile(join(tree, 'boot/initrd'), archive);
}
