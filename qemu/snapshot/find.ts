import { readFile, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheKeys } from '../cache.ts';
import { sha256OfFile } from '../sha256.ts';
import { type Identity, identityOf, keyOf, type SnapshotSubject } from './identity.ts';
import { diskFile, type Manifest, manifestFile, manifestSchema, memoryFile, type Snapshot } from './snapshot.ts';

/** A snapshot that can be used, or why there is none: undefined where nobody made one yet. */
export type Found = { snapshot: Snapshot } | { snapshot: undefined; reason: string | undefined };

/**
 * The snapshot of this image for this machine. Its files are read and compared with their checksums first, since a memory beside another disk corrupts a
 * guest silently; a damaged one is removed.
 */
export async function findSnapshot(parent: string, subject: SnapshotSubject): Promise<Found> {
  const identity = await identityOf(subject);
  const { prefix, key } = keyOf(identity);
  const names = await cacheKeys(parent);
  if (!names.includes(key)) {
    const another = names.find((name) => name.startsWith(`${prefix}-`));
    return { snapshot: undefined, reason: another === undefined ? undefined : await difference(join(parent, another), identity) };
  }
  const directory = join(parent, key);
  const damage = await damageOf(directory);
  if (damage !== undefined) {
    await rm(directory, { recursive: true });
    return { snapshot: undefined, reason: damage };
  }
  await utimes(directory, new Date(), new Date());
  return { snapshot: await openSnapshot(directory) };
}

/** @throws if its manifest can't be read */
export async function openSnapshot(directory: string): Promise<Snapshot> {
  const { notes, diskBytes } = await readManifest(directory);
  return {
    directory,
    memory: join(directory, memoryFile),
    disk: { file: join(directory, diskFile), format: 'qcow2', diskBytes },
    notes,
  };
}

export async function readManifest(directory: string): Promise<Manifest> {
  return manifestSchema.parse(JSON.parse(await readFile(join(directory, manifestFile), 'utf8')));
}

/** Undefined for one that is as it was made. */
async function damageOf(directory: string): Promise<string | undefined> {
  try {
    const { memory, disk } = await readManifest(directory);
    const [memorySum, diskSum] = await Promise.all([sha256OfFile(join(directory, memoryFile)), sha256OfFile(join(directory, diskFile))]);
    if (memorySum !== memory.sha256) return 'its memory file is damaged';
    if (diskSum !== disk.sha256) return 'its disk was changed since';
    return undefined;
  } catch (error) {
    return `it can't be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function difference(directory: string, { qemu, machine }: Identity): Promise<string> {
  try {
    const made = await readManifest(directory);
    if (made.qemu !== qemu) return `it was made by ${made.qemu}, this is ${qemu}`;
    const [was, is] = [
      made.machine.find((word, index) => word !== machine[index]),
      machine.find((word, index) => word !== made.machine[index]),
    ];
    return `it was made for another machine: “${was ?? 'nothing'}”, and not “${is ?? 'nothing'}”`;
  } catch (error) {
    return `it can't be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
