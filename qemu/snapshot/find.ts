import { readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheKeys } from '../cache.ts';
import { QemuError } from '../errors.ts';
import { sha256OfFile } from '../sha256.ts';
import { type Identity, identityOf, keyOf, type SnapshotSubject } from './identity.ts';
import { devicesFile, diskFile, type Manifest, manifestFile, manifestSchema, memoryFile, type Snapshot } from './snapshot.ts';

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

/** @throws QemuError if it was kept by another version of boardwalk */
export async function openSnapshot(directory: string): Promise<Snapshot> {
  const { notes, diskBytes } = await readManifest(directory);
  return {
    directory,
    memory: { bytes: join(directory, memoryFile), devices: join(directory, devicesFile) },
    disk: { file: join(directory, diskFile), format: 'qcow2', diskBytes },
    notes,
  };
}

export async function readManifest(directory: string): Promise<Manifest> {
  const { data, error } = manifestSchema.safeParse(JSON.parse(await readFile(join(directory, manifestFile), 'utf8')));
  if (data !== undefined) return data;
  throw new QemuError(`${join(directory, manifestFile)} isn't what this boardwalk writes`, {
    advice: 'Another version kept it: boardwalk image prune removes it.',
    cause: error,
  });
}

/** What was found of the files of a snapshot, by all that changes when one of them is written: two devices that are restored from one read it once. */
const examined = new Map<string, Promise<string | undefined>>();

/** Undefined for one that is as it was made. */
async function damageOf(directory: string): Promise<string | undefined> {
  const files = await Promise.all([memoryFile, devicesFile, diskFile].map((name) => stat(join(directory, name)).catch(() => undefined)));
  const state = [directory, ...files.flatMap((file) => [file?.ino, file?.size, file?.mtimeMs, file?.ctimeMs])].join(' ');
  const found = examined.get(state) ?? examine(directory);
  examined.set(state, found);
  return found;
}

async function examine(directory: string): Promise<string | undefined> {
  try {
    const { memory, devices, disk } = await readManifest(directory);
    const sumOf = (name: string) => sha256OfFile(join(directory, name));
    const [memorySum, devicesSum, diskSum] = await Promise.all([memoryFile, devicesFile, diskFile].map(sumOf));
    if (memorySum !== memory.sha256 || devicesSum !== devices.sha256) return 'its memory file is damaged';
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
