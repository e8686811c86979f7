import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { ReportsError } from '../errors.ts';
import { eventSchema, type Event } from './event.ts';

/** A line before the last is no event, or lines are missing: the log was edited or its disk is failing. `line` counts from 1. */
export class DamagedEventLogError extends ReportsError {
  readonly line: number;
  constructor(file: string, line: number, evidence: string) {
    super(`${file} is damaged at line ${line}`, { evidence, advice: 'the run can no longer be trusted: run it again, and check the disk' });
    this.line = line;
  }
}

/** The last line, where the writer died while writing it. */
export interface TornLine {
  line: number;
  bytes: number;
}

/**
 * The events of a log, in order, each checked. A torn last line (one without its newline, which is what `kill -9` leaves) ends the reading and is told to
 * `onTorn`; anything else that is no event throws DamagedEventLogError with its line number.
 */
export async function* readEvents(file: string, onTorn?: (torn: TornLine) => void): AsyncGenerator<Event, void, undefined> {
  let line = 0;
  for await (const { bytes, complete } of linesOf(file)) {
    line += 1;
    const parsed = parseEvent(bytes, line);
    if (typeof parsed !== 'string') {
      yield parsed;
    } else if (complete) {
      throw new DamagedEventLogError(file, line, parsed);
    } else {
      onTorn?.({ line, bytes: bytes.length });
    }
  }
}

/** The whole log in memory (a run of a hundred tests is about a megabyte). */
export async function loadEvents(file: string): Promise<{ events: Event[]; torn: TornLine | undefined }> {
  let torn: TornLine | undefined;
  const events: Event[] = [];
  for await (const event of readEvents(file, (line) => (torn = line))) events.push(event);
  return { events, torn };
}

/** The event, or a sentence on why it is none. */
function parseEvent(bytes: Buffer, line: number): Event | string {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)} in ${JSON.stringify(bytes.subarray(0, 120).toString('utf8'))}`;
  }
  const checked = eventSchema.safeParse(value);
  if (!checked.success) return z.prettifyError(checked.error);
  return checked.data.seq === line ? checked.data : `event ${checked.data.seq} stands where event ${line} belongs`;
}

async function* linesOf(file: string): AsyncGenerator<{ bytes: Buffer; complete: boolean }> {
  let parts: Buffer[] = [];
  const stream: AsyncIterable<Buffer> = createReadStream(file);
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
      yield { bytes: Buffer.concat([...parts, chunk.subarray(from, end)]), complete: true };
      parts = [];
      from = end + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
  if (parts.length > 0) yield { bytes: Buffer.concat(parts), complete: false };
}
