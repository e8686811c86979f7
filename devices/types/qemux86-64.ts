import { pc } from '../../qemu/index.ts';
import { virtualMachine } from './virtual-machine.ts';

/** A virtual PC that boots a flash image by the image's own boot loader: SeaBIOS, GRUB, kernel. */
export default virtualMachine({ name: 'qemux86-64', architecture: 'amd64', firmware: 'bios', hardware: pc });
