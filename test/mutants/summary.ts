import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stateDirectoryName } from '../../workers/index.ts';
import type { Verdict } from './verdict.ts';

/** What `summary.json` of a call says. */
export interface MutantsSummary {
  run: string;
  /** Of the flash image that the mutants were made from. */
  image: { name: string; version: string; sha256: string };
  mutants: Verdict[];
  counts: Record<Verdict['verdict'], number>;
  seconds: number;
}

/** How many of each. */
export function countVerdicts(verdicts: readonly Verdict[]): MutantsSummary['counts'] {
  const counts = { killed: 0, survived: 0, undecided: 0 };
  for (const { verdict } of verdicts) counts[verdict] += 1;
  return counts;
}

/** `.boardwalk/mutants/<id>/`, new; `.boardwalk/mutants/latest` points at it. */
export async function newMutantsDirectory(cwd: string, now = new Date()): Promise<{ id: string; directory: string }> {
  const parent = join(cwd, stateDirectoryName, 'mutants');
  const id = `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${process.pid}`;
  const directory = join(parent, id);
  await mkdir(directory, { recursive: true });
  const link = join(parent, `.latest-${process.pid}`);
  await symlink(id, link);
  await rename(link, join(parent, 'latest'));
  return { id, directory };
}

/** Replaces `summary.json` as a whole. */
export async function writeSummary(directory: string, summary: MutantsSummary): Promise<void> {
  // Two lines of work may end a batch at the same moment.
  const unfinished = join(directory, `summary.json.${randomUUID()}.tmp`);
  try {
    await writeFile(unfinished, `${JSON.stringify(summary, undefined, 2)}\n`, { flush: true });
    await rename(unfinished, join(directory, 'summary.json'));
  } finally {
    await rm(unfinished, { force: true });
  }
}
