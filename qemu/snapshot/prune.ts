import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheKeys, diskBytesOf, sweepUnfinished } from '../cache.ts';
import { readManifest } from './find.ts';

/** Removes the snapshots of images that are gone or have changed hands, and what interrupted ones left; returns the bytes that this freed. */
export async function pruneSnapshots(parent: string): Promise<number> {
  await sweepUnfinished(parent);
  let freed = 0;
  for (const key of await cacheKeys(parent)) {
    const directory = join(parent, key);
    if (await isOfUse(directory)) continue;
    freed += await diskBytesOf(directory);
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
