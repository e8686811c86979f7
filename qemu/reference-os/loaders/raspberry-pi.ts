import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { runCommand } from '../../debian/index.ts';
import { ReferenceImageError } from '../errors.ts';
import { hostTool } from '../host-tool.ts';
import type { Loader } from './loader.ts';
import { uBoot } from './u-boot.ts';

const environmentBytes = 0x4000; // CONFIG_ENV_SIZE of U-Boot's rpi_3_defconfig
const mkenvimageBudget = 10_000;

/**
 * U-Boot as a Raspberry Pi 3 has it: on its card, under the names by which the GPU's firmware finds a 64-bit kernel and the board's device tree. The firmware
 * itself isn't free and isn't there.
 * @param blanks as for uBoot
 */
export function raspberryPi(blanks: Parameters<typeof uBoot>[0]): Loader {
  const common = uBoot(blanks);
  return {
    ...common,
    inputs: async () => ({ ...(await common.inputs()), mkenvimage: await hostTool('mkenvimage', '-V') }),
    async fillBootPartition(directory, site) {
      await common.fillBootPartition(directory, site);
      await copyFile(join(site.packages, 'usr/lib/u-boot/rpi_3/u-boot.bin'), join(directory, 'kernel8.img'));
      await copyFile(await deviceTree(site.packages), join(directory, 'bcm2710-rpi-3-b.dtb'));
      const settings = join(common.files, 'raspberry-pi.env');
      await runCommand('mkenvimage', ['-s', String(environmentBytes), '-o', join(directory, 'uboot.env'), settings], {
        signal: site.signal,
        budget: mkenvimageBudget,
      });
    },
  };
}

/** The kernel's own, which Debian keeps in a directory per kernel. */
async function deviceTree(packages: string): Promise<string> {
  const libraries = join(packages, 'usr/lib');
  const kernel = (await readdir(libraries)).find((name) => name.startsWith('linux-image-'));
  if (kernel !== undefined) return join(libraries, kernel, 'broadcom/bcm2837-rpi-3-b.dtb');
  throw new ReferenceImageError('the kernel package holds no device trees', {
    advice: 'Look at the package linux-image-arm64 of the mirror.',
  });
}
