import { raspberryPi } from '../loaders/raspberry-pi.ts';
import type { Board } from './board.ts';
import { compressKernel } from '../kernel-image/compress.ts';

const kernelFile = 'Image.gz';
const console = 'ttyS1';

/** A Raspberry Pi 3 that QEMU emulates. */
export const raspberryPi3Qemu: Board = {
  slug: 'raspberrypi3-qemu',
  name: 'Raspberry Pi 3 (QEMU)',
  arch: 'aarch64',
  architecture: 'arm64',
  triplet: 'aarch64-linux-gnu',
  console,
  loader: raspberryPi({ CONSOLE: console, KERNEL: kernelFile, BOOT: 'booti', DEVICE_TREE: 'fdt_addr' }),
  kernelPackage: 'linux-image-arm64',
  loaderPackages: ['u-boot-rpi'],
  kernelFile,
  // U-Boot reads 1 to 1.6 MiB a second off an emulated card: 33 MiB would take half a minute.
  repackKernel: compressKernel,
  watchdogBites: true,
  packages: [],
  modules: ['bcm2835-rng', 'bcm2835_thermal', 'raspberrypi-cpufreq'],
  // The card; its network, which takes seconds to be found on USB; and what resets it.
  initramfsModules: ['bcm2835', 'mmc_block', 'dwc2', 'cdc_ether', 'bcm2835_wdt'],
};
