/** What arrived in one read of the source, with the wall time of its arrival. */
export interface ConsoleChunk {
  /** Byte offset of the chunk's first byte in the device's console log. */
  offset: number;
  /** Epoch milliseconds at which the chunk arrived. */
  at: number;
  bytes: Uint8Array;
}

export interface ConsoleMatch {
  /** The matched text, ANSI sequences removed, as UTF-8 with U+FFFD for what isn't. */
  text: string;
  /** Capture groups; a group that took no part is an empty string. */
  groups: string[];
  /** Byte offset of the first byte of the match, and of the byte after its last. */
  offset: number;
  end: number;
  /** Epoch milliseconds at which the match's last byte arrived. */
  at: number;
}

export interface ExpectOptions {
  /** Where to start looking: a mark. Default: what arrives from now on. */
  from?: number;
  /** Budget in milliseconds. */
  timeout: number;
  signal?: AbortSignal;
}

/** Something a kernel or a board says of itself that no test asked for. */
export interface ConsoleFault {
  kind: 'panic' | 'oops' | 'unexpected-reset' | 'watchdog' | 'brown-out';
  line: string;
  offset: number;
  at: number;
}

/** `restored`: the machine goes on where a booted one was kept, and shows none of the stages before login. */
export type BootStageName = 'restored' | 'firmware' | 'loader' | 'kernel' | 'init' | 'login' | 'ssh';

/** One life of the kernel as the console tells it: when each stage was first seen, in epoch milliseconds. */
export interface BootTimeline {
  /** Epoch milliseconds of power-on, or of the first byte after a reset. */
  startedAt: number;
  offset: number;
  stages: { name: BootStageName; at: number; offset: number }[];
}

/**
 * A device's console: one always-open reader owned by the bench, recorded from power-on to release whether or not a test
 * reads; many readers, one writer at a time. Everything is asynchronous because a suite reaches it over the bench's socket.
 */
export interface Console {
  /** The end of the log: a mark from which later calls can start. */
  mark(): Promise<number>;
  /** Resolves at the first match at or after `from`; rejects with AwaitedTooLong that quotes the last lines seen. Each byte is scanned once. */
  expect(pattern: RegExp | string, options: ExpectOptions): Promise<ConsoleMatch>;
  /** Raw bytes of the log from `from` (default 0) up to `to` (default: its end). */
  read(range?: { from?: number; to?: number }): Promise<Uint8Array>;
  write(data: string | Uint8Array): Promise<void>;
  /** Scrollback from `from` (default: now), then what arrives, until the signal aborts. */
  follow(options: { from?: number; signal: AbortSignal }): AsyncIterable<ConsoleChunk>;
  /** Every fault at or after `from`. A reset is unexpected when nobody announced it: see `announceReset`. */
  faults(options?: { from?: number }): Promise<ConsoleFault[]>;
  /** Says that the next boot is wanted, so that the watcher doesn't call it unexpected. */
  announceReset(): Promise<void>;
  /** One timeline for each boot seen at or after `from` (default: every boot), oldest first. A restored machine's begins before the first mark that is taken of it. */
  boots(options?: { from?: number }): Promise<BootTimeline[]>;
}
