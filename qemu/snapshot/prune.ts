import { access, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sweepUnfinished } from '../cache.ts';
import { namesIn, readManifest } from './find.ts';

/** Removes the snapshots of images that are gone or have changed hands, and what interrupted ones left; returns the bytes that this freed. */
export async function pruneSnapshots(parent: string): Promise<number> {
  const names = await namesIn(parent);
  if (names.length === 0) return 0;
  await sweepUnfinished(parent);
  let freed = 0;
  for (const directory of names.filter((name) => !name.startsWith('.')).map((name) => join(parent, name))) {
    if (await isOfUse(directory)) continue;
    for (const file of await readdir(directory)) freed += (await stat(join(directory, file))).blocks * 512;
    await rm(directory, { recursive: true });
  }
  return freed;
}

async function isOfUse(directory: string): Promise<boolean> {
  try {
    await access((await readManifest(directory)).base.file);
    return true;
  } catch {
    // No manifest, one of another version, or no image: whatever it is, no machine can be restored from it.
    return false;
  }
}
