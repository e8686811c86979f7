import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { fateOf, ownIdentity, processIdentity } from './custody/process-identity.ts';

/** Where what was built is kept between runs, by the XDG base directory specification. */
export function defaultCacheDirectory(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'boardwalk');
}

export interface CacheEntryOptions {
  /** The directory that holds the entries of one kind. */
  parent: string;
  /** Names the entry: a hash of all that goes into it. */
  key: string;
  /** Fills an empty directory, which becomes the entry if it returns. */
  build: (directory: string) => Promise<void>;
  /** Called once if another process is building this entry, which is then waited for. */
  onWait?: () => void;
  signal?: AbortSignal | undefined;
}

const buildingPrefix = '.building-';
const waitPollMs = 500;

/**
 * The directory of a cache entry, built first if it isn't there. It appears complete or not at all: it is built beside, synced, and renamed.
 * What builds of dead processes left is removed on the way.
 */
export async function cacheEntry(options: CacheEntryOptions): Promise<string> {
  const entry = join(options.parent, options.key);
  await mkdir(options.parent, { recursive: true });
  for (let waiting = false; ; waiting = true) {
    options.signal?.throwIfAborted();
    if (await isDirectory(entry)) {
      await utimes(entry, new Date(), new Date());
      return entry;
    }
    if (!(await sweepUnfinished(options.parent)).includes(options.key)) break;
    if (!waiting) options.onWait?.();
    await delay(waitPollMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
  const building = join(options.parent, `${buildingPrefix}${options.key}-${randomUUID()}`);
  const content = join(building, 'content');
  await mkdir(building);
  try {
    await writeFile(join(building, 'owner.json'), JSON.stringify({ key: options.key, owner: ownIdentity() }));
    await mkdir(content);
    await options.build(content);
    options.signal?.throwIfAborted();
    await syncTree(content);
    await rename(content, entry).catch((error: unknown) => {
      // Another process that started in the same instant was first; its entry has the same key, so the same content.
      if (!(error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST'))) throw error;
    });
    await syncPath(options.parent);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return entry;
}

/** The keys of the entries in a directory; none where it isn't there yet. */
export async function cacheKeys(parent: string): Promise<string[]> {
  return (await namesIn(parent)).filter((name) => !name.startsWith('.'));
}

/** What an entry takes on this disk, in bytes. */
export async function diskBytesOf(entry: string): Promise<number> {
  const sizes = await Promise.all((await readdir(entry)).map(async (file) => (await stat(join(entry, file))).blocks * 512));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function namesIn(parent: string): Promise<string[]> {
  try {
    return await readdir(parent);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Removes what dead builders left in a directory of entries; returns the keys that living ones are building. */
export async function sweepUnfinished(parent: string): Promise<string[]> {
  const names = await namesIn(parent);
  const keys: string[] = [];
  for (const name of names.filter((name) => name.startsWith(buildingPrefix))) {
    const directory = join(parent, name);
    const key = await keyBeingBuilt(directory);
    if (key === undefined) await rm(directory, { recursive: true, force: true });
    else keys.push(key);
  }
  return keys;
}

const ownerless = 60_000;

async function keyBeingBuilt(directory: string): Promise<string | undefined> {
  let record: string;
  try {
    record = await readFile(join(directory, 'owner.json'), 'utf8');
  } catch (error) {
    if (!isMissing(error)) throw error;
    // Its owner is about to write the record, or died before it could.
    const made = await stat(directory).catch((gone: unknown) => {
      if (isMissing(gone)) return undefined;
      throw gone;
    });
    return made !== undefined && Date.now() - made.mtimeMs < ownerless ? '' : undefined;
  }
  try {
    const { key, owner }: { key?: unknown; owner?: unknown } = Object(JSON.parse(record));
    const fate = fateOf(processIdentity.parse(owner));
    return typeof key === 'string' && (fate === 'alive' || fate === 'unknown') ? key : undefined;
  } catch {
    return undefined; // half a record: the host lost its power
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) await syncPath(join(entry.parentPath, entry.name));
  }
  await syncPath(directory);
}

async function syncPath(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}
