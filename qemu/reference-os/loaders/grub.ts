import { copyFile, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runCommand } from '../../debian/index.ts';
import { sha256OfFile } from '../../sha256.ts';
import { mebibyte, sectorBytes } from '../gpt.ts';
import { hostTool } from '../host-tool.ts';
import { encodeEnvironmentBlock } from './grubenv.ts';
import type { Loader, LoaderSite } from './loader.ts';

const grubBudget = 60_000;
const biosBootSector = 2048;
/** Where Debian's grub-pc-bin puts GRUB for BIOS; listed in qemu/system-packages.txt. */
const grubDirectory = '/usr/lib/grub/i386-pc';
/** Modules in the core image: all that files/grub/boot/grub.cfg calls, so that the boot partition needs none. */
const modules = 'biosdisk part_gpt fat ext2 normal configfile loadenv test regexp echo linux serial terminal boot reboot sleep'.split(' ');
const files = join(import.meta.dirname, '../files/grub');

/** GRUB for BIOS. */
export const grub: Loader = {
  files,
  partitions: [
    { number: 6, name: 'bios-boot', type: 'bios-boot', startMebibytes: (biosBootSector * sectorBytes) / mebibyte, sizeMebibytes: 1 },
  ],
  inputs: async () => ({
    'grub-mkimage': await hostTool('grub-mkimage', '--version'),
    grub: await sha256OfFile(join(grubDirectory, 'kernel.img')),
  }),
  async fillBootPartition(directory) {
    await copyFile(join(files, 'boot/grub.cfg'), join(directory, 'grub.cfg'));
    await writeFile(join(directory, 'grubenv'), encodeEnvironmentBlock({ resin_root_part: '2', upgrade_available: '0', bootcount: '0' }));
  },
  install,
};

/**
 * Writes GRUB onto a disk file as grub-install would: boot.img into the MBR's code area, the core image into the BIOS boot partition.
 * Both hold the sector they go on at; the offsets are those of GRUB's include/grub/i386/pc/boot.h.
 */
async function install(disk: string, { scratch, signal }: LoaderSite): Promise<void> {
  const corePath = join(scratch, 'core.img');
  await runCommand(
    'grub-mkimage',
    ['-O', 'i386-pc', '-d', grubDirectory, '-p', '(,gpt1)/', '-c', join(files, 'grub-core.cfg'), '-o', corePath, ...modules],
    { signal, budget: grubBudget },
  );
  const boot = await readFile(join(grubDirectory, 'boot.img'));
  const core = await readFile(corePath);
  boot.writeBigUInt64LE(BigInt(biosBootSector), 0x5c); // GRUB_BOOT_MACHINE_KERNEL_SECTOR
  boot.writeUInt16LE(0x9090, 0x66); // GRUB_BOOT_MACHINE_DRIVE_CHECK: two NOPs, the BIOS gives the boot drive in DL
  core.writeBigUInt64LE(BigInt(biosBootSector + 1), sectorBytes - 12); // the first block list entry: the rest of the core image
  await using file = await open(disk, 'r+');
  await file.write(boot, 0, 440, 0);
  await file.write(core, 0, core.length, biosBootSector * sectorBytes);
}
