import type { Console } from '../console/console.ts';
import { printable } from '../console/text.ts';
import type { Evidence } from '../errors.ts';

/** What a console said last. */
export interface LastWords {
  /** Epoch milliseconds of the last byte; undefined where nothing came since `from`. */
  at: number | undefined;
  /** The last line with anything on it. */
  line: string;
  evidence: Evidence[];
}

const quotedBytes = 4096;
const quotedLines = 15;

export async function lastWords(console: Console, from: number): Promise<LastWords> {
  const end = await console.mark();
  if (end === from) return { at: undefined, line: '', evidence: [] };
  const offset = Math.max(from, end - quotedBytes);
  const lines = printable(await console.read({ from: offset, to: end }))
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-quotedLines);
  const evidence: Evidence[] = lines.length === 0 ? [] : [{ kind: 'console', text: lines.join('\n'), offset }];
  return { at: await arrivalOf(console, end - 1), line: lines.at(-1)?.trim() ?? '', evidence };
}

/** Epoch milliseconds at which a byte of the log arrived. */
async function arrivalOf(console: Console, offset: number): Promise<number | undefined> {
  const enough = new AbortController();
  try {
    for await (const chunk of console.follow({ from: offset, signal: enough.signal })) return chunk.at;
    return undefined;
  } finally {
    enough.abort();
  }
}
