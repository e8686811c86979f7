import { createHash } from 'node:crypto';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';

import { sha256OfFile } from '../sha256.ts';

export const treeSummary = z.object({
  /** SHA-256 over type, mode, owner, path and content of everything in the tree. */
  sha256: z.string(),
  entries: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
});
export type TreeSummary = z.infer<typeof treeSummary>;

/** Says of a built image what it was made from and what it holds. */
export const manifestSchema = z.object({
  hash: z.string(),
  deviceType: z.string(),
  version: z.string(),
  updateVersion: z.string(),
  /** Of the flash image's file. */
  flashSha256: z.string(),
  kernel: z.string(),
  node: z.string(),
  /** SHA-256 of what went in, by name. */
  inputs: z.record(z.string(), z.string()),
  /** The file trees of the partitions; identical inputs give identical ones. */
  trees: z.record(z.string(), treeSummary),
  partitions: z.array(z.object({ number: z.int(), name: z.string(), startMebibytes: z.int(), sizeMebibytes: z.int() })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Summary of a directory's content. Times don't count. */
export async function summarizeTree(directory: string): Promise<TreeSummary> {
  const hash = createHash('sha256');
  let bytes = 0;
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  const paths = entries.map((entry) => relative(directory, join(entry.parentPath, entry.name))).sort();
  for (const path of paths) {
    const full = join(directory, path);
    const stat = await lstat(full);
    const content = stat.isFile() ? await sha256OfFile(full) : stat.isSymbolicLink() ? await readlink(full) : '';
    if (stat.isFile()) bytes += stat.size;
    hash.update(`${JSON.stringify([path, stat.mode, stat.uid, stat.gid, content])}\n`);
  }
  return { sha256: hash.digest('hex'), entries: paths.length, bytes };
}
