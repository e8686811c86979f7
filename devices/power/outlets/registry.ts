import { readdir } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearest } from '../../nearest.ts';
import { UnknownOutletDriver } from '../errors.ts';
import type { OutletDriver } from '../outlet.ts';

function isDriver(value: unknown): value is OutletDriver {
  return typeof value === 'object' && value !== null && 'options' in value && 'open' in value;
}

/** Every driver, by name: each file of this folder whose default export is one. */
export async function outletDrivers(): Promise<Map<string, OutletDriver>> {
  const here = fileURLToPath(import.meta.url);
  // .ts in a clone, .js in a package.
  const extension = extname(here);
  const files = (await readdir(dirname(here))).filter(
    (file) => file.endsWith(extension) && !/\.(test|contract|d)\.[jt]s$/.test(file) && file !== basename(here),
  );
  const drivers = new Map<string, OutletDriver>();
  for (const file of files.sort()) {
    const module: unknown = await import(new URL(file, import.meta.url).href);
    if (typeof module === 'object' && module !== null && 'default' in module && isDriver(module.default)) {
      drivers.set(module.default.name, module.default);
    }
  }
  return drivers;
}

/** Throws UnknownOutletDriver, with the names that there are. */
export async function outletDriver(name: string): Promise<OutletDriver> {
  const drivers = await outletDrivers();
  const found = drivers.get(name);
  if (found !== undefined) return found;
  const names = [...drivers.keys()];
  const near = nearest(name, names);
  throw new UnknownOutletDriver(`there is no switch “${name}”${near === undefined ? '' : `. Did you mean “${near}”?`}`, {
    blame: 'test',
    advice: `Switches: ${names.join(' ')}`,
  });
}
