import { DriverFolder } from '../../drivers/folder.ts';
import type { Outlet } from '../outlet.ts';

/** Drivers for switches of power. */
export const outlets = new DriverFolder<Outlet>(import.meta.url, 'switch');
