import { board } from './board.ts';

/** A BeagleBone Black. Console: UART0 on the six-pin header J1, 3.3 V. */
export default board({ name: 'beaglebone-black', architecture: 'armhf' });
