import { readdir } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeviceError } from '../errors.ts';
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

/** The one name that is at most a third of its length away; undefined where none is. */
function nearest(word: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.ceil(name.length / 3))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.name;
}

/** Levenshtein's distance: insertions, deletions and replacements. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of from.split('').entries()) {
    const next = [index + 1];
    for (const [column, other] of to.split('').entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
