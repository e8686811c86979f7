import { board } from './board.ts';

/** A Raspberry Pi 5. Console: the debug connector, or GPIO 14 and 15 where the OS sets them up. */
export default board({ name: 'raspberrypi5', architecture: 'arm64' });
