import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runCommand } from '../debian/index.ts';
import { grubModules } from './contents.ts';
import { sectorBytes } from './gpt.ts';

const grubBudget = 60_000;
/** Where Debian's grub-pc-bin puts GRUB for BIOS; listed in qemu/system-packages.txt. */
export const grubDirectory = '/usr/lib/grub/i386-pc';

/**
 * Writes GRUB for BIOS onto a disk file as grub-install would: boot.img into the MBR's code area, the core image into the BIOS boot partition.
 * Both hold the sector they go on at; the offsets are those of GRUB's include/grub/i386/pc/boot.h.
 */
export async function installGrub(
  disk: string,
  scratch: string,
  configuration: string,
  biosBootSector: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const corePath = join(scratch, 'core.img');
  await runCommand(
    'grub-mkimage',
    ['-O', 'i386-pc', '-d', grubDirectory, '-p', '(,gpt1)/', '-c', configuration, '-o', corePath, ...grubModules],
    {
      signal,
      budget: grubBudget,
    },
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
