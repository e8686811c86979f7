import { copyFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheEntry } from '../cache.ts';
import { createOverlay, demandSpace } from '../disk/overlay.ts';
import type { Machine } from '../machine/machine.ts';
import { sha256OfFile } from '../sha256.ts';
import { openSnapshot } from './find.ts';
import { identityOf, keyOf, type SnapshotSubject } from './identity.ts';
import { devicesFile, diskFile, format, type Manifest, manifestFile, memoryFile, type Snapshot } from './snapshot.ts';
import { spread } from './spread.ts';

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

/** Beside the memory, once as a stream and once byte for byte: checksums and tables. */
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
        await demandSpace(building, 2 * (spec.memoryMiB ?? 0) * 1024 ** 2 + overheadBytes, 'a snapshot of a booted device');
        const stream = join(building, 'stream');
        const disk = join(building, diskFile);
        const diskBytes = (await stat(base.file)).size;
        const options = signal ? { signal } : {};
        // 1. Memory and disk, of the same moment.
        await machine.save(stream, options);
        await machine.kill();
        await moveFile(overlay, disk);
        // 2. The memory byte for byte, so that a machine begins before it has read it all.
        await createOverlay({ base: { file: disk, format: 'qcow2', diskBytes }, file: overlay, ...options });
        await spread(stream, { bytes: join(building, memoryFile), devices: join(building, devicesFile) }, spec, signal);
        await rm(overlay);
        // 3. What they are.
        const describe = async (name: string) => ({
          bytes: (await stat(join(building, name))).size,
          sha256: await sha256OfFile(join(building, name)),
        });
        const manifest: Manifest = {
          format,
          madeAt: new Date().toISOString(),
          ...identity,
          diskBytes,
          memory: await describe(memoryFile),
          devices: await describe(devicesFile),
          disk: await describe(diskFile),
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
