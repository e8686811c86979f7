import { closeSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { ConsoleClosed, ConsoleUnrecorded } from './errors.ts';

/** What the console's owner told the log, between the bytes. */
export type LogEvent = 'power-on' | 'restored' | 'reset-announced' | 'attached' | 'detached';

/**
 * One line of the time index: from byte `o` of the log on, bytes arrived at `t` (epoch milliseconds). Chunks of the same millisecond share
 * a line. An `event` happened between the bytes before `o` and those after.
 */
const indexLine = z.object({
  o: z.int().nonnegative(),
  t: z.number(),
  event: z.enum(['power-on', 'restored', 'reset-announced', 'attached', 'detached']).optional(),
});
export type IndexLine = z.infer<typeof indexLine>;

/** What the log keeps in memory of its end, so that who follows it reads no file. */
const tailKept = 256 * 1024;

/**
 * The append-only record of a console: `<base>.log` holds the raw bytes, `<base>.idx` their times and the events between them, one JSON
 * object a line. Every append is handed to the operating system before it returns: a SIGKILL of this process loses nothing that arrived.
 * A log that is there already is continued.
 */
export class ConsoleLog {
  readonly path: string;
  /** Events that were in the index when the log was opened, oldest first. */
  readonly earlierEvents: readonly (IndexLine & { event: LogEvent })[];
  readonly #bytesFile: number;
  readonly #indexFile: number;
  readonly #reader: FileHandle;
  #size: number;
  /** Where each stretch of bytes that arrived in one millisecond begins, and that millisecond. */
  readonly #offsets: number[] = [];
  readonly #times: number[] = [];
  readonly #tail = Buffer.alloc(2 * tailKept);
  #tailStart: number;
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #ended: Error | undefined;

  static async open(base: string): Promise<ConsoleLog> {
    const bytesFile = openSync(`${base}.log`, 'a');
    const indexFile = openSync(`${base}.idx`, 'a+');
    return new ConsoleLog(`${base}.log`, bytesFile, indexFile, await open(`${base}.log`, 'r'));
  }

  private constructor(path: string, bytesFile: number, indexFile: number, reader: FileHandle) {
    this.path = path;
    this.#bytesFile = bytesFile;
    this.#indexFile = indexFile;
    this.#reader = reader;
    this.#size = fstatSync(bytesFile).size;
    this.#tailStart = this.#size;
    const text = readFileSync(indexFile, 'utf8');
    // A process that was killed may have left half a line: end it, so that ours stand alone.
    if (text !== '' && !text.endsWith('\n')) writeSync(indexFile, '\n');
    const lines = [...parseIndex(text)].filter((line) => line.o <= this.#size);
    for (const line of lines) this.#note(line.o, line.t);
    this.earlierEvents = lines.flatMap(({ event, ...line }) => (event === undefined ? [] : [{ ...line, event }]));
  }

  /** Bytes so far: the mark of the next one. */
  get size(): number {
    return this.#size;
  }

  /** Why nothing is appended any longer; who waits for bytes was told. */
  get failure(): Error | undefined {
    return this.#ended;
  }

  /** Appends bytes that arrived at `at`, epoch milliseconds. */
  append(bytes: Uint8Array, at: number): void {
    if (bytes.length === 0 || this.#ended !== undefined) return;
    try {
      writeWhole(this.#bytesFile, bytes);
      if (this.#times.at(-1) !== at) this.#writeIndex({ o: this.#size, t: at });
    } catch (cause) {
      this.#unrecorded(cause);
      return;
    }
    this.#note(this.#size, at);
    this.#keepTail(bytes);
    this.#size += bytes.length;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve();
  }

  /** Puts an event between the bytes so far and those to come. */
  mark(event: LogEvent, at: number): void {
    if (this.#ended !== undefined) return;
    try {
      this.#writeIndex({ o: this.#size, t: at, event });
    } catch (cause) {
      this.#unrecorded(cause);
      return;
    }
    this.#note(this.#size, at);
  }

  /** Epoch milliseconds at which the byte at `offset` arrived. */
  timeAt(offset: number): number {
    return this.#times[this.#entryOf(offset)] ?? 0;
  }

  /** Offset after the last byte that arrived in the same millisecond as the one at `offset`. */
  endOfArrival(offset: number): number {
    return this.#offsets[this.#entryOf(offset) + 1] ?? this.#size;
  }

  /** Raw bytes from `from` up to `to`, as far as there are any. The array is the caller's own. */
  async read(from: number, to: number): Promise<Uint8Array> {
    const end = Math.min(to, this.#size);
    if (end <= from) return new Uint8Array();
    if (from >= this.#tailStart) return Uint8Array.from(this.#tail.subarray(from - this.#tailStart, end - this.#tailStart));
    const bytes = Buffer.alloc(end - from);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.#reader.read(bytes, filled, bytes.length - filled, from + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }

  /** Resolves once the log is longer than `size`. */
  async grown(size: number, signal: AbortSignal): Promise<void> {
    while (this.#size <= size) {
      signal.throwIfAborted();
      if (this.#ended !== undefined) throw this.#ended;
      const growth = Promise.withResolvers<void>();
      this.#waiting.push(growth);
      const abort = () => growth.reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      try {
        await growth.promise;
      } finally {
        signal.removeEventListener('abort', abort);
        this.#waiting = this.#waiting.filter((one) => one !== growth);
      }
    }
  }

  /** Closes the files. Who waits for bytes is told so. */
  async close(): Promise<void> {
    if (this.#ended instanceof ConsoleClosed) return;
    this.#end(new ConsoleClosed('the console was closed', { blame: 'harness', advice: 'Open the device again.' }));
    closeSync(this.#bytesFile);
    closeSync(this.#indexFile);
    await this.#reader.close();
  }

  #entryOf(offset: number): number {
    let low = 0;
    let high = this.#offsets.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#offsets[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #note(offset: number, at: number): void {
    if (this.#times.at(-1) === at && this.#offsets.at(-1) !== undefined) return;
    if (this.#offsets.at(-1) === offset) {
      // Nothing arrived in between: the later time is that of the byte to come.
      this.#times[this.#times.length - 1] = at;
      return;
    }
    this.#offsets.push(offset);
    this.#times.push(at);
  }

  #keepTail(bytes: Uint8Array): void {
    let kept = this.#size - this.#tailStart;
    if (kept + bytes.length > this.#tail.length) {
      const keep = Math.max(Math.min(tailKept, this.#tail.length - bytes.length), 0);
      const from = Math.max(kept - keep, 0);
      this.#tail.copyWithin(0, from, kept);
      this.#tailStart += from;
      kept -= from;
    }
    const fits = bytes.subarray(Math.max(bytes.length - this.#tail.length, 0));
    this.#tailStart += bytes.length - fits.length;
    this.#tail.set(fits, kept);
  }

  #writeIndex(line: IndexLine): void {
    writeWhole(this.#indexFile, Buffer.from(`${JSON.stringify(line)}\n`));
  }

  #unrecorded(cause: unknown): void {
    const seen = cause instanceof Error ? cause.message : String(cause);
    const error = new ConsoleUnrecorded(`the console log ${this.path} can't be written: ${seen}`, {
      blame: 'infra',
      advice: 'Look at the disk that holds it: is it full?',
      cause,
    });
    this.#end(error);
  }

  #end(error: Error): void {
    this.#ended = error;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
}

/** The lines of an index; what isn't one, as the last line of a process that was killed, is passed over. */
export function* parseIndex(text: string): Generator<IndexLine> {
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const parsed = indexLine.safeParse(parseJson(line));
    if (parsed.success) yield parsed.data;
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
