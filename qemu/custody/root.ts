import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { QemuError } from '../errors.ts';

/** Bytes of sun_path without its closing zero, unix(7). */
const socketPathBytes = 107;
/** Room for `-XXXXXX`, two slashes and a socket's name of 24 characters. */
const reservedBytes = 33;

/** The folder for custodies that have no room under their own root: private to this user. */
export function fallbackRoot(): string {
  return join(tmpdir(), `boardwalk-${process.getuid?.() ?? 'user'}`);
}

/**
 * Where a custody called `name` goes: `custody/` under the given root, or the fallback when the path of a socket in it
 * would be longer than the kernel takes. The folder exists, belongs to this user and is closed to others.
 */
export function custodyRoot(root: string | undefined, name: string): string {
  const asked = root === undefined ? undefined : join(resolve(root), 'custody');
  const chosen = asked !== undefined && Buffer.byteLength(asked) + name.length + reservedBytes <= socketPathBytes ? asked : fallbackRoot();
  mkdirSync(chosen, { recursive: true, mode: 0o700 });
  const entry = lstatSync(chosen);
  if (!entry.isDirectory() || entry.uid !== process.getuid?.()) {
    throw new QemuError(`${chosen} isn't a directory of this user's: it belongs to user ${entry.uid}`, {
      advice: 'Remove it, or set TMPDIR to a directory of your own.',
    });
  }
  return chosen;
}
