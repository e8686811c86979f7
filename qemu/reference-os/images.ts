import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ZodError } from 'zod';

import { cacheKeys, defaultCacheDirectory, diskBytesOf, sweepUnfinished } from '../cache.ts';
import { type Manifest, manifestSchema } from './manifest.ts';

export interface ReferenceImage {
  /** The raw flash image. Never written once built: boot it through an overlay. */
  flash: string;
  /** A file for `hostapp-update -f`: the raw ext4 root file system of the next version. */
  update: string;
  version: string;
  updateVersion: string;
  /** Names the image: of everything that went into it. */
  hash: string;
  directory: string;
  manifest: Manifest;
}

export interface CachedImage {
  /** Undefined for one that another version of boardwalk built: it is of no use to this one. */
  image: ReferenceImage | undefined;
  hash: string;
  directory: string;
  /** What it takes on this disk, in bytes. */
  diskBytes: number;
  lastUsed: Date;
}

/** The image in a directory of the cache. */
export async function openImage(directory: string): Promise<ReferenceImage> {
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')));
  const { version, updateVersion, hash } = manifest;
  return {
    flash: join(directory, 'flash.img'),
    update: join(directory, 'update.hostapp'),
    version,
    updateVersion,
    hash,
    directory,
    manifest,
  };
}

async function openIfOurs(directory: string): Promise<ReferenceImage | undefined> {
  try {
    return await openImage(directory);
  } catch (error) {
    if (error instanceof ZodError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The images in the cache, the last used one first. */
export async function listReferenceImages(cacheDirectory = defaultCacheDirectory()): Promise<CachedImage[]> {
  const parent = join(cacheDirectory, 'images');
  const images = [];
  for (const name of await cacheKeys(parent)) {
    const directory = join(parent, name);
    images.push({
      image: await openIfOurs(directory),
      hash: name,
      directory,
      diskBytes: await diskBytesOf(directory),
      lastUsed: (await stat(directory)).mtime,
    });
  }
  return images.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

/** Removes all images but the `keep` last used ones, and what interrupted builds left; returns those removed. */
export async function pruneReferenceImages(options: { keep: number; cacheDirectory?: string | undefined }): Promise<CachedImage[]> {
  const cacheDirectory = options.cacheDirectory ?? defaultCacheDirectory();
  const removed = (await listReferenceImages(cacheDirectory)).slice(options.keep);
  for (const image of removed) await rm(image.directory, { recursive: true });
  for (const kind of ['images', 'debian']) await sweepUnfinished(join(cacheDirectory, kind));
  return removed;
}
