import { board } from './board.ts';

/** A Raspberry Pi 3 with a 32-bit OS. Console: mini UART on GPIO 14 and 15. */
export default board({ name: 'raspberrypi3', architecture: 'armhf' });
