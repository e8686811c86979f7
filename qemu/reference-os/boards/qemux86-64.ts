import { repackKernel } from '../kernel-image/repack.ts';
import { grub } from '../loaders/grub.ts';
import type { Board } from './board.ts';

/** A virtual PC. */
export const qemux86: Board = {
  slug: 'qemux86-64',
  name: 'QEMU X86 64bit',
  arch: 'amd64',
  architecture: 'amd64',
  triplet: 'x86_64-linux-gnu',
  console: 'ttyS0',
  loader: grub,
  kernelPackage: 'linux-image-amd64',
  kernelFile: 'bzImage',
  repackKernel,
  packages: [],
  modules: ['crc32c-intel', 'uhci-hcd', 'iTCO_wdt', 'i6300esb', 'rtc-cmos', 'button', 'qemu_fw_cfg'],
  initramfsModules: ['ata_piix', 'ahci', 'nvme', 'sd_mod', 'e1000'],
};
