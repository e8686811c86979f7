import { join } from 'node:path';
import { AwaitedTooLong, type Evidence } from '../errors.ts';
import { BootWatcher } from './boots.ts';
import type { BootTimeline, Console, ConsoleChunk, ConsoleFault, ConsoleMatch, ExpectOptions } from './console.ts';
import { ConsoleDetached } from './errors.ts';
import { LineReader } from './lines.ts';
import { ConsoleLog, type LogEvent } from './log.ts';
import { PatternScanner } from './pattern.ts';
import type { ConsoleSource, SourceClosed } from './source.ts';
import type { ConsoleStages } from './stages.ts';
import { printable } from './text.ts';

export interface RecorderOptions {
  /** Names the files `console-<device>.log` and `console-<device>.idx`. */
  device: string;
  directory: string;
  /** Default: what PCs and boards with U-Boot say. */
  stages?: ConsoleStages;
  /** Epoch milliseconds. Default: Date.now. */
  now?: () => number;
}

/** A source that is attached. */
export interface Attachment {
  /** Settles when the source ended, and why: the owner of the console decides whether to attach another. Never rejects. */
  readonly closed: Promise<SourceClosed>;
}

/** Bytes that are read from the log at once. */
const block = 64 * 1024;
/** Lines that an error quotes, and the bytes that they are looked for in. */
const quotedLines = 10;
const quotedBytes = 4096;
const quotedWidth = 200;

/**
 * A console that is always recorded. It outlives its sources: at each power-on of a virtual machine a new one is attached, and log, offsets
 * and marks go on. A log that is already there is continued, its boots and faults included.
 */
export class ConsoleRecorder implements Console {
  readonly #log: ConsoleLog;
  readonly #watcher: BootWatcher;
  readonly #now: () => number;
  readonly #device: string;
  readonly #stageListeners = new Set<(boot: BootTimeline) => void>();
  #lines = new LineReader();
  #source: ConsoleSource | undefined;
  #lastClosed: SourceClosed | undefined;
  /** Ends once every write so far is done: one writer at a time. */
  #writes: Promise<void> = Promise.resolve();

  static async open({ device, directory, stages, now = Date.now }: RecorderOptions): Promise<ConsoleRecorder> {
    const log = await ConsoleLog.open(join(directory, `console-${device}`));
    const recorder = new ConsoleRecorder(device, log, stages, now);
    await recorder.#replay();
    return recorder;
  }

  private constructor(device: string, log: ConsoleLog, stages: ConsoleStages | undefined, now: () => number) {
    this.#device = device;
    this.#log = log;
    this.#watcher = new BootWatcher(stages, (boot) => this.#stageListeners.forEach((listener) => listener(boot)));
    this.#now = now;
  }

  /** The file of raw bytes. */
  get path(): string {
    return this.#log.path;
  }

  get attached(): boolean {
    return this.#source !== undefined;
  }

  /** Reads from this source from now on; one that was attached before is closed. */
  async attach(source: ConsoleSource): Promise<Attachment> {
    await this.detach();
    if (this.#log.failure !== undefined) throw this.#log.failure;
    const { promise: closed, resolve } = Promise.withResolvers<SourceClosed>();
    this.#source = source;
    this.#event('attached');
    try {
      await source.open({
        bytes: (bytes) => {
          this.#received(bytes);
          // Without a log there is no console: who waits on it was told why.
          if (this.#log.failure !== undefined) void source.close();
        },
        closed: (cause) => {
          this.#ended(source, cause);
          resolve(cause);
        },
      });
    } catch (error) {
      this.#ended(source, { reason: 'failed', detail: error instanceof Error ? error.message : String(error) });
      throw error;
    }
    return { closed };
  }

  /** Closes the source that is attached, if one is. */
  async detach(): Promise<void> {
    await this.#source?.close();
  }

  /** The power goes on now: call it before the first byte can come. The boot that follows is a wanted one, or the machine goes on after one. */
  async poweredOn({ restored = false }: { restored?: boolean } = {}): Promise<void> {
    this.#event(restored ? 'restored' : 'power-on');
  }

  async announceReset(): Promise<void> {
    this.#event('reset-announced');
  }

  async close(): Promise<void> {
    await this.detach();
    await this.#log.close();
  }

  async mark(): Promise<number> {
    return this.#log.size;
  }

  async read({ from = 0, to = Number.MAX_SAFE_INTEGER }: { from?: number; to?: number } = {}): Promise<Uint8Array> {
    return this.#log.read(from, to);
  }

  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const written = this.#writes.then(() => this.#write(bytes));
    this.#writes = written.catch(() => undefined);
    await written;
  }

  async expect(pattern: RegExp | string, { from = this.#log.size, timeout, signal }: ExpectOptions): Promise<ConsoleMatch> {
    if (from > this.#log.size) throw new RangeError(`the console log ends at ${this.#log.size}, byte ${from} is no mark of it`);
    const scanner = new PatternScanner(pattern);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeout);
    const stop = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]);
    try {
      for (let position = from; ;) {
        await this.#log.grown(position, stop);
        const bytes = await this.#log.read(position, position + block);
        const match = scanner.scan(bytes, position);
        if (match !== undefined) return { ...match, at: this.#log.timeAt(Math.max(match.end - 1, match.offset)) };
        position += bytes.length;
        // What is there already doesn't keep the budget from ending.
        stop.throwIfAborted();
      }
    } catch (error) {
      if (error !== late.signal.reason) throw error;
      throw await this.#awaitedTooLong(pattern, timeout, from);
    } finally {
      clearTimeout(timer);
    }
  }

  async *follow({ from = this.#log.size, signal }: { from?: number; signal: AbortSignal }): AsyncGenerator<ConsoleChunk> {
    let position = from;
    while (!signal.aborted) {
      try {
        await this.#log.grown(position, signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      const bytes = await this.#log.read(position, position + block);
      for (let taken = 0; taken < bytes.length && !signal.aborted;) {
        const offset = position + taken;
        const piece = bytes.subarray(taken, taken + this.#log.endOfArrival(offset) - offset);
        yield { offset, at: this.#log.timeAt(offset), bytes: piece };
        taken += piece.length;
      }
      position += bytes.length;
    }
  }

  async faults({ from = 0 }: { from?: number } = {}): Promise<ConsoleFault[]> {
    return this.#watcher.faults.filter((fault) => fault.offset >= from);
  }

  async boots({ from }: { from?: number } = {}): Promise<BootTimeline[]> {
    // A restored machine says nothing at first: who takes a mark then, takes it behind that beginning.
    const isBehind = ({ offset, stages }: BootTimeline) =>
      from === undefined || offset > from || (offset === from && stages[0]?.name !== 'restored');
    return this.#watcher.boots.filter(isBehind).map((boot) => ({ ...boot, stages: [...boot.stages] }));
  }

  /** Calls `listener` each time a boot reaches a stage, with that boot as it stands. */
  onBootStage(listener: (boot: BootTimeline) => void): void {
    this.#stageListeners.add(listener);
  }

  #received(bytes: Uint8Array): void {
    const at = this.#now();
    const offset = this.#log.size;
    this.#log.append(bytes, at);
    for (const line of this.#lines.read(bytes, offset, at)) this.#watcher.read(line);
  }

  #event(event: LogEvent): void {
    const at = this.#now();
    this.#log.mark(event, at);
    this.#apply(event, at, this.#log.size);
  }

  #apply(event: LogEvent, at: number, offset: number): void {
    if (event === 'reset-announced') {
      this.#watcher.announceReset();
      return;
    }
    // An open line is the old boot's, most often its login prompt.
    for (const line of this.#lines.finish(at)) this.#watcher.read(line);
    this.#lines = new LineReader();
    if (event === 'power-on') this.#watcher.poweredOn(at, offset);
    if (event === 'restored') this.#watcher.restored(at, offset);
  }

  /** Reads the log that an earlier process left as if it arrived again. */
  async #replay(): Promise<void> {
    const events = [...this.#log.earlierEvents];
    for (let position = 0; ;) {
      for (let next = events[0]; next !== undefined && next.o <= position; next = events[0]) {
        events.shift();
        this.#apply(next.event, next.t, next.o);
      }
      if (position >= this.#log.size) return;
      const to = Math.min(position + block, this.#log.endOfArrival(position), events[0]?.o ?? this.#log.size);
      const bytes = await this.#log.read(position, to);
      if (bytes.length === 0) return;
      for (const line of this.#lines.read(bytes, position, this.#log.timeAt(position))) this.#watcher.read(line);
      position += bytes.length;
    }
  }

  #ended(source: ConsoleSource, cause: SourceClosed): void {
    if (this.#source !== source) return;
    this.#source = undefined;
    this.#lastClosed = cause;
    this.#event('detached');
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const source = this.#source;
    if (source === undefined) throw this.#detachedError('nothing could be written to it');
    await source.write(bytes).catch((cause: unknown) => {
      throw this.#detachedError(`a write to ${source.name} failed`, cause);
    });
  }

  #detachedError(what: string, cause?: unknown): ConsoleDetached {
    const why = this.#lastClosed === undefined ? 'no source was ever attached' : this.#lastClosed.detail;
    return new ConsoleDetached(`the console of ${this.#device}: ${what}; ${why}`, {
      blame: 'infra',
      advice: 'Switch the device on, or look at its console’s cable.',
      cause,
    });
  }

  async #awaitedTooLong(pattern: RegExp | string, timeout: number, from: number): Promise<AwaitedTooLong> {
    const end = this.#log.size;
    const start = Math.max(from, end - quotedBytes);
    const lines = printable(await this.#log.read(start, end))
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-quotedLines)
      .map((line) => (line.length <= quotedWidth ? line : `…${line.slice(-quotedWidth)}`));
    const silence = end === 0 ? 'nothing at all' : `nothing, the last byte came at ${new Date(this.#log.timeAt(end - 1)).toISOString()}`;
    const source = this.#source === undefined ? ` (detached: ${this.#lastClosed?.detail ?? 'no source was ever attached'})` : '';
    const seen = lines.length === 0 ? silence : `\n${lines.map((line) => `    ${line}`).join('\n')}`;
    const evidence: Evidence[] = lines.length === 0 ? [] : [{ kind: 'console', text: lines.join('\n'), offset: start }];
    const awaited = `${typeof pattern === 'string' ? `“${pattern}”` : String(pattern)} on the console of ${this.#device}`;
    return new AwaitedTooLong(awaited, timeout, `${seen}${source}`, {
      blame: this.#source === undefined ? 'infra' : 'product',
      evidence,
      advice: `Read the console’s log: ${this.#log.path}`,
    });
  }
}
