import { armVirt } from '../../qemu/index.ts';
import { virtualMachine } from './virtual-machine.ts';

/** A virtual 64-bit ARM board that boots a flash image by U-Boot and the image's own boot script. */
export default virtualMachine({ name: 'qemuarm64', architecture: 'arm64', hardware: armVirt });
