import { armVirt32 } from '../../qemu/index.ts';
import { virtualMachine } from './virtual-machine.ts';

/**
 * A virtual 32-bit ARM board that boots a flash image by U-Boot and the image's own boot script. It stands for the userland and the loader's rules of boards
 * such as the BeagleBone, for nothing of their hardware.
 */
export default virtualMachine({ name: 'qemuarm', architecture: 'armhf', hardware: armVirt32 });
