import { uBoot } from '../loaders/u-boot.ts';
import type { Board } from './board.ts';

const kernelFile = 'Image';
const console = 'ttyAMA0';

/** QEMU's virtual 64-bit ARM board. */
export const qemuarm64: Board = {
  slug: 'qemuarm64',
  name: 'QEMU ARM 64bit',
  arch: 'aarch64',
  architecture: 'arm64',
  triplet: 'aarch64-linux-gnu',
  console,
  loader: uBoot({ CONSOLE: console, KERNEL: kernelFile, BOOT: 'booti', DEVICE_TREE: 'fdtcontroladdr' }),
  kernelPackage: 'linux-image-arm64',
  kernelFile,
  packages: [],
  // Its power button is a line of a GPIO chip.
  modules: ['gpio_keys'],
  initramfsModules: [],
};
