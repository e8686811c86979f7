import { uBoot } from '../loaders/u-boot.ts';
import type { Board } from './board.ts';

const kernelFile = 'zImage';
const console = 'ttyAMA0';

/** QEMU's virtual 32-bit ARM board. */
export const qemuarm: Board = {
  slug: 'qemuarm',
  name: 'QEMU ARM',
  arch: 'armv7hf',
  architecture: 'armhf',
  triplet: 'arm-linux-gnueabihf',
  console,
  loader: uBoot({ CONSOLE: console, KERNEL: kernelFile, BOOT: 'bootz', DEVICE_TREE: 'fdtcontroladdr' }),
  kernelPackage: 'linux-image-armmp',
  kernelFile,
  packages: ['libatomic1'], // Node's
  // Its power button is a line of a GPIO chip.
  modules: ['gpio_keys'],
  initramfsModules: [],
};
