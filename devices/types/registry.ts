import { readdir } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeviceError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { DeviceType } from './device-type.ts';

/** There is no device type of that name. */
export class UnknownDeviceType extends DeviceError {
  override readonly name = 'UnknownDeviceType';
}

function isDeviceType(value: unknown): value is DeviceType {
  return typeof value === 'object' && value !== null && 'provision' in value && 'bootStages' in value && 'capabilities' in value;
}

/** Every device type, by name: each file of this folder whose default export is one. */
export async function deviceTypes(): Promise<Map<string, DeviceType>> {
  const here = fileURLToPath(import.meta.url);
  // .ts in a clone, .js in a package.
  const extension = extname(here);
  const files = (await readdir(dirname(here))).filter(
    (file) => file.endsWith(extension) && !/\.(test|contract|d)\.[jt]s$/.test(file) && file !== basename(here),
  );
  const types = new Map<string, DeviceType>();
  for (const file of files.sort()) {
    const module: unknown = await import(new URL(file, import.meta.url).href);
    if (typeof module === 'object' && module !== null && 'default' in module && isDeviceType(module.default)) {
      types.set(module.default.name, module.default);
    }
  }
  return types;
}

export async function deviceType(name: string): Promise<DeviceType> {
  const types = await deviceTypes();
  const found = types.get(name);
  if (found !== undefined) return found;
  const names = [...types.keys()];
  const near = nearest(name, names);
  throw new UnknownDeviceType(`there is no device type “${name}”${near === undefined ? '' : `. Did you mean “${near}”?`}`, {
    blame: 'test',
    advice: `Device types: ${names.join(' ')}`,
  });
}
