import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { fateOf, processIdentity } from './process-identity.ts';
import { reap } from './reaper.ts';

/** A custody is made under such a name and renamed once its owner is recorded. */
export const unfinishedPrefix = '.unfinished-';
const unfinishedAfterMs = 60_000;

/**
 * Ends and removes what dead owners left under `root`: their reapers were killed as well, or the host lost its power.
 * Leaves alone what isn't a custody, and what another one sweeps at the same time. Returns the directories it removed.
 */
export async function sweep(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const swept = entries
    .filter((entry) => entry.isDirectory())
    .map(async (entry) => {
      const directory = join(root, entry.name);
      const removed = entry.name.startsWith(unfinishedPrefix) ? await sweepUnfinished(directory) : await sweepCustody(directory);
      return removed ? [directory] : [];
    });
  return (await Promise.all(swept)).flat();
}

async function sweepUnfinished(directory: string): Promise<boolean> {
  const entry = await stat(directory).catch(nothingThere);
  if (entry === undefined || Date.now() - entry.mtimeMs < unfinishedAfterMs) return false;
  await rm(directory, { recursive: true, force: true });
  return true;
}

async function sweepCustody(directory: string): Promise<boolean> {
  const record = await readFile(join(directory, 'owner.json'), 'utf8').catch(nothingThere);
  if (record === undefined) return false;
  const fate = ownerFate(record);
  if (fate === 'ended') await reap(directory);
  // No process of an earlier boot is left: its pids belong to others now.
  if (fate === 'before-boot') await rm(directory, { recursive: true, force: true });
  return fate === 'ended' || fate === 'before-boot';
}

function ownerFate(record: string): ReturnType<typeof fateOf> {
  try {
    return fateOf(processIdentity.parse(JSON.parse(record)));
  } catch {
    // The record is complete before the directory gets its name: only a host that lost its power leaves half of one.
    return 'before-boot';
  }
}

function nothingThere(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
  throw error;
}
