import { raspberryPi3 } from '../../qemu/index.ts';
import { virtualMachine } from './virtual-machine.ts';

/**
 * A Raspberry Pi 3 that QEMU emulates: it boots a flash image as its SD card by the image's own U-Boot, and has its network on USB. What it has of a real one's
 * quirks: nobody may open its watchdog, which resets it at once; and it has no clock that runs while it is off.
 */
export default virtualMachine({ name: 'raspberrypi3-qemu', architecture: 'arm64', hardware: raspberryPi3 });
