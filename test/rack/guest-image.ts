import { createHash } from 'node:crypto';
import { chmod, copyFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheEntry, defaultCacheDirectory } from '../../qemu/cache.ts';
import { debianRootfs, debianRootfsSum } from '../../qemu/debian/index.ts';
import { qemux86 } from '../../qemu/reference-os/boards/qemux86-64.ts';
import { makeExt4 } from '../../qemu/reference-os/file-systems.ts';
import { mebibyte } from '../../qemu/reference-os/gpt.ts';
import { writeInitramfs } from '../../qemu/reference-os/initramfs.ts';
import { installKernel } from '../../qemu/reference-os/kernel.ts';
import { measureTree, unpackTar } from '../../qemu/reference-os/tree.ts';

/** What a bench's host has installed. */
const packages = [
  'bash',
  'busybox-static',
  'coreutils',
  'curl',
  'dosfstools',
  'e2fsprogs',
  'iproute2',
  'kmod',
  'libstdc++6',
  'mtools',
  'udev',
  'util-linux',
  'procps',
  'ser2net',
  'xz-utils',
  'zstd',
];
/** Loaded before its root is there, and after. */
const early = 'virtio_pci virtio_blk crc32c_generic ext4 overlay virtio_net virtio_rng 9pnet_virtio 9p'.split(' ');
const late = 'xhci_pci usb-storage uas sd_mod usbserial ftdi_sio'.split(' ');

const guest = join(import.meta.dirname, 'guest');

export interface GuestImage {
  kernel: string;
  initrd: string;
  /** An ext4 file system, never written. */
  root: string;
}

/** The bench guest's kernel and disk, built from Debian packages if the cache hasn't got them. Needs root and, the first time, the network. */
export async function guestImage(signal: AbortSignal | undefined): Promise<GuestImage> {
  const rootfs = await debianRootfs({ packages, variant: 'essential', architecture: 'amd64', signal });
  const kernel = await debianRootfs({ packages: [qemux86.kernelPackage], variant: 'extract', architecture: 'amd64', signal });
  const inputs = [await debianRootfsSum(rootfs), await debianRootfsSum(kernel), ...early, ...late];
  for (const file of [join(guest, 'init'), join(guest, 'bench'), import.meta.filename]) inputs.push(await readFile(file, 'utf8'));
  const directory = await cacheEntry({
    parent: join(defaultCacheDirectory(), 'bench-guest'),
    key: createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16),
    signal,
    async build(directory) {
      const [tree, unpacked] = [join(directory, 'tree'), join(directory, 'kernel')];
      await unpackTar(rootfs, tree, [], signal);
      await unpackTar(kernel, unpacked, ['./boot', './lib/modules'], signal);
      const modules = await installKernel(unpacked, tree, qemux86, [...early, ...late], signal);
      await writeInitramfs(tree, modules, early, join(guest, 'init'));
      await copyFile(join(guest, 'bench'), join(tree, 'sbin/bench'));
      await chmod(join(tree, 'sbin/bench'), 0o755);
      for (const name of [qemux86.kernelFile, 'initrd']) await copyFile(join(tree, 'boot', name), join(directory, name));
      const { bytes, inodes } = await measureTree(tree);
      await makeExt4(join(directory, 'root.ext4'), {
        label: 'bench',
        sizeMebibytes: Math.ceil((bytes * 1.1) / mebibyte) + 64,
        inodes: inodes + 1000,
        content: tree,
        journalMebibytes: 4,
        configuration: join(import.meta.dirname, '../../qemu/reference-os/files/mke2fs.conf'),
        signal,
      });
      await rm(tree, { recursive: true });
      await rm(unpacked, { recursive: true });
    },
  });
  return { kernel: join(directory, qemux86.kernelFile), initrd: join(directory, 'initrd'), root: join(directory, 'root.ext4') };
}
