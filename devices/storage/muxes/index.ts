import { DriverFolder } from '../../drivers/folder.ts';
import type { Mux } from '../mux.ts';

/** Drivers for card multiplexers. */
export const muxes = new DriverFolder<Mux>(import.meta.url, 'card multiplexer');
