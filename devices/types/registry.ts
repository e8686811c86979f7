import { namedExports } from '../drivers/folder.ts';
import { DeviceError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { DeviceType } from './device-type.ts';

/** There is no device type of that name. */
export class UnknownDeviceType extends DeviceError {
  override readonly name = 'UnknownDeviceType';
}

function isDeviceType(value: unknown): value is DeviceType {
  return typeof value === 'object' && value !== null && 'provision' in value && 'bootStages' in value;
}

/** Every device type, by name: each file of this folder whose default export is one. */
export async function deviceTypes(): Promise<Map<string, DeviceType>> {
  return namedExports(import.meta.url, isDeviceType);
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
