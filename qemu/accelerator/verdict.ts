import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { bootId } from '../custody/process-identity.ts';
import { defaultCacheDirectory } from '../cache.ts';
import { replaceFile } from './replace-file.ts';

/** What a probe found, in one sentence. */
export interface Verdict {
  works: boolean;
  reason: string;
}

const remembered = z.object({ bootId: z.string(), binary: z.string(), changed: z.number(), works: z.boolean(), reason: z.string() });

/** `accelerator.json` in the user's cache; one verdict, of the QEMU last probed. */
function verdictFile(): string {
  return join(defaultCacheDirectory(), 'accelerator.json');
}

/** The verdict of an earlier probe of this binary in this boot of the host. */
export async function recallVerdict(binary: string): Promise<Verdict | undefined> {
  let text: string;
  try {
    text = await readFile(verdictFile(), 'utf8');
  } catch {
    return undefined;
  }
  const parsed = remembered.safeParse(jsonOrNothing(text));
  if (!parsed.success || parsed.data.bootId !== bootId() || parsed.data.binary !== binary) return undefined;
  if (parsed.data.changed !== (await stat(binary)).mtimeMs) return undefined;
  return { works: parsed.data.works, reason: parsed.data.reason };
}

export async function rememberVerdict(binary: string, verdict: Verdict): Promise<Verdict> {
  const record: z.infer<typeof remembered> = { bootId: bootId(), binary, changed: (await stat(binary)).mtimeMs, ...verdict };
  await replaceFile(verdictFile(), JSON.stringify(record));
  return verdict;
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
