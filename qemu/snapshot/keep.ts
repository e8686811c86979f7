import { copyFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheEntry } from '../cache.ts';
import { demandSpace } from '../disk/overlay.ts';
import type { Machine } from '../machine/machine.ts';
import { sha256OfFile } from '../sha256.ts';
import { openSnapshot } from './find.ts';
import { identityOf, keyOf, type SnapshotSubject } from './identity.ts';
import { diskFile, type Manifest, manifestFile, memoryFile, type Snapshot } from './snapshot.ts';

export interface KeepRequest extends SnapshotSubject {
  /** The directory of all snapshots. */
  parent: string;
  /** Runs, with nothing plugged in. It is off afterwards. */
  machine: Machine;
  /** What the guest wrote: a qcow2 overlay over the base. It becomes the snapshot's disk and is gone from here. */
  overlay: string;
  notes: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/** Beside the memory, its checksums and tables. */
const overheadBytes = 64 * 1024 ** 2;

/** Keeps a running machine as a snapshot and ends it. Should another process have kept the same one first, that one counts. */
export async function keepSnapshot({ parent, machine, overlay, base, spec, notes, signal }: KeepRequest): Promise<Snapshot> {
  const identity = await identityOf({ spec, base });
  try {
    const directory = await cacheEntry({
      parent,
      key: keyOf(identity).key,
      signal,
      async build(building) {
        await demandSpace(building, (spec.memoryMiB ?? 0) * 1024 ** 2 + overheadBytes, 'a snapshot of a booted device');
        const memory = join(building, memoryFile);
        const disk = join(building, diskFile);
        // 1. Memory and disk, of the same moment.
        await machine.save(memory, signal ? { signal } : {});
        await machine.kill();
        await moveFile(overlay, disk);
        // 2. What they are.
        const [memorySum, diskSum] = await Promise.all([sha256OfFile(memory), sha256OfFile(disk)]);
        const manifest: Manifest = {
          format: 1,
          madeAt: new Date().toISOString(),
          ...identity,
          diskBytes: (await stat(base.file)).size,
          memory: { bytes: (await stat(memory)).size, sha256: memorySum },
          disk: { bytes: (await stat(disk)).size, sha256: diskSum },
          notes: { ...notes },
        };
        await writeFile(join(building, manifestFile), `${JSON.stringify(manifest, undefined, 2)}\n`);
      },
    });
    return await openSnapshot(directory);
  } finally {
    await machine.kill();
  }
}

async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    // The cache may be on another file system.
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await copyFile(from, to);
    await rm(from);
  }
}
