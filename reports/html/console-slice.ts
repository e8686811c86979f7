import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { Attempt, RunRecord } from '../run/run-record.ts';

/** A slice longer than this loses its middle; its end, where things go wrong, gets most of the room. */
const headBytes = 50_000;
const tailBytes = 150_000;

export interface ConsoleLine {
  /** Byte offset in the device's console log. */
  offset: number;
  /** Arrival of its first byte, epoch milliseconds; undefined without an index. */
  at: number | undefined;
  /** As received, decoded as UTF-8: still hostile. */
  text: string;
}

export interface ConsoleSlice {
  device: string;
  lines: ConsoleLine[];
  /** What the bench did to the device meanwhile, such as power-on; at epoch milliseconds. */
  events: { at: number; event: string }[];
  /** Bytes left out before the line of this index. */
  cut: { before: number; bytes: number } | undefined;
}

/** For each attempt its slice, or a sentence on why there is none. */
export type Consoles = Map<Attempt, ConsoleSlice | string>;

/** Without an index the lines have no times, and there is no clock to show. */
export const hasTimes = (slice: ConsoleSlice | undefined): boolean => slice?.lines.some(({ at }) => at !== undefined) === true;

/** `console-<device>.idx` beside the log: for each chunk its byte offset and its arrival, and what happened between the bytes before `o` and those after. */
const indexEntrySchema = z.object({ o: z.number(), t: z.number(), event: z.string().optional() });
type IndexEntry = z.infer<typeof indexEntrySchema>;

/** Reads the console slice of every attempt of the run. */
export async function readConsoles(run: RunRecord, runDirectory: string): Promise<Consoles> {
  const consoles: Consoles = new Map();
  const ranged = [...run.tests.values()].flatMap((test) =>
    test.attempts.flatMap((attempt) => (attempt.finished?.console === undefined ? [] : [{ attempt, range: attempt.finished.console }])),
  );
  for (const [device, ofDevice] of Map.groupBy(ranged, ({ range }) => range.device)) {
    const file = join(runDirectory, `console-${device}.log`);
    let log: FileHandle;
    try {
      log = await open(file);
    } catch (error) {
      for (const { attempt } of ofDevice)
        consoles.set(attempt, `The console log can't be read: ${error instanceof Error ? error.message : String(error)}`);
      continue;
    }
    try {
      const index = await readIndex(join(runDirectory, `console-${device}.idx`));
      for (const { attempt, range } of ofDevice) consoles.set(attempt, await readSlice(log, index, device, range));
    } finally {
      await log.close();
    }
  }
  return consoles;
}

async function readSlice(
  log: FileHandle,
  index: readonly IndexEntry[],
  device: string,
  { from, to }: { from: number; to: number },
): Promise<ConsoleSlice> {
  const { size } = await log.stat();
  const end = Math.min(to, size);
  const length = Math.max(0, end - from);
  const events = index.flatMap(({ o, t, event }) => (event !== undefined && o >= from && o <= end ? [{ at: t, event }] : []));
  if (length <= headBytes + tailBytes)
    return { device, lines: linesOf(await readBytes(log, from, length), from, index), events, cut: undefined };
  const head = linesOf(await readBytes(log, from, headBytes), from, index);
  const tailFrom = end - tailBytes;
  const tail = linesOf(await readBytes(log, tailFrom, tailBytes), tailFrom, index);
  return { device, lines: [...head, ...tail], events, cut: { before: head.length, bytes: length - headBytes - tailBytes } };
}

async function readBytes(log: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await log.read(bytes, filled, length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Lines end at newlines and at carriage returns, any number of which may come before a newline. */
function linesOf(bytes: Buffer, base: number, index: readonly IndexEntry[]): ConsoleLine[] {
  const lines: ConsoleLine[] = [];
  let from = 0;
  // latin1 keeps one character a byte, so that positions are byte offsets.
  for (const end of bytes.toString('latin1').matchAll(/\r*\n|\r+|$/g)) {
    if (end.index > from || end[0] !== '') {
      lines.push({ offset: base + from, at: arrivalOf(base + from, index), text: bytes.subarray(from, end.index).toString('utf8') });
    }
    from = end.index + end[0].length;
  }
  return lines;
}

/** When the chunk that holds this byte arrived. */
function arrivalOf(offset: number, index: readonly IndexEntry[]): number | undefined {
  let low = 0;
  let high = index.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((index[middle]?.o ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return index[low - 1]?.t;
}

/** Empty where there is no index. A line that is none, as a writer that was killed leaves one, is passed over. */
async function readIndex(file: string): Promise<IndexEntry[]> {
  const entries: IndexEntry[] = [];
  const stream = createReadStream(file);
  try {
    for await (const line of createInterface({ input: stream })) {
      const entry = indexEntrySchema.safeParse(parse(line));
      if (entry.success) entries.push(entry.data);
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  } finally {
    stream.destroy();
  }
  return entries;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
