import { board } from './board.ts';

/** A Raspberry Pi Zero 2 W with a 64-bit OS. Console: mini UART on GPIO 14 and 15. */
export default board({ name: 'raspberrypi0-2w-64', architecture: 'arm64' });
