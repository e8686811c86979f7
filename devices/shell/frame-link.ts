import { randomBytes } from 'node:crypto';
import type { Console } from '../console/console.ts';
import { ConsoleDetached } from '../console/errors.ts';
import { printable } from '../console/text.ts';
import type { Deadline } from './deadline.ts';
import { ConnectionLost, IndeterminateResult } from './errors.ts';
import { FrameReader, requestLine, type DeviceTools, type Frame } from './frames.ts';

/** Milliseconds of silence after which the device is asked where it stands; doubled each time. */
const firstQuiet = 500;
const longestQuiet = 30_000;
/** So often a request that arrives damaged is sent again. */
export const mostRequests = 20;
/** So many requests without an answer are remembered, and so many bytes are searched for what somebody else made of them. */
const rememberedRequests = 4;
const searchedBytes = 16 * 1024;

const loginPrompt = /(?<!Last )\blogin: ?(?:\u001B\[[0-9;?]*[a-zA-Z])*$/;

/** Requests go to a framing loop on the device's console, frames come from it. */
export class FrameLink {
  /** Ten letters that no kernel says: frames begin with them. */
  readonly nonce = Array.from(randomBytes(10), (byte) => String.fromCharCode(0x47 + (byte % 20))).join('');
  readonly #console: Console;
  readonly #slowness: number;
  readonly #reader = new FrameReader(this.nonce);
  readonly #stop = new AbortController();
  readonly #frames: Frame[] = [];
  /** Known once the loop has said that it is ready. */
  #tools: DeviceTools | undefined;
  #wake: (() => void) | undefined;
  #gone: string | undefined;
  #serial = 0;
  /** Where in the console's log the bytes end that were read. */
  #heard: number;
  /** Checksums of the requests since the last frame, and where the log ended at the first of them. */
  #unanswered: { sums: number[]; from: number } | undefined;

  /** @param from the mark after which the loop may speak. */
  constructor(console: Console, slowness: number, from: number) {
    this.#console = console;
    this.#slowness = slowness;
    this.#heard = from;
    void this.#listen(from);
  }

  /** Why nothing more will come. */
  get gone(): string | undefined {
    return this.#gone;
  }

  /** The tools of the loop that runs. */
  get tools(): DeviceTools {
    if (this.#tools === undefined) throw new TypeError('the framing loop isn’t ready yet');
    return this.#tools;
  }

  ready(tools: DeviceTools): void {
    this.#tools = tools;
  }

  /** The serial of the last request. */
  get serial(): number {
    return this.#serial;
  }

  /** Serials for so many requests: the first of them. */
  nextSerial(count = 1): number {
    this.#serial += count;
    return this.#serial - count + 1;
  }

  /** Milliseconds of silence to bear at first, and after a silence that long. */
  quiet(before?: number): number {
    return before === undefined ? firstQuiet * this.#slowness : Math.min(before * 2, longestQuiet);
  }

  /** As if at a keyboard. */
  async type(text: string): Promise<void> {
    await this.#console.write(text).catch((error: unknown) => {
      if (!(error instanceof ConsoleDetached)) throw error;
      throw this.#lost((this.#gone ??= error.message), error);
    });
  }

  async ask(body: string): Promise<void> {
    await this.askAll([body]);
  }

  /** Several requests in one go, without waiting for an answer in between. */
  async askAll(bodies: readonly string[]): Promise<void> {
    this.#unanswered ??= { sums: [], from: this.#heard };
    const { sums } = this.#unanswered;
    const lines = bodies.map((body) => {
      const { sum, line } = requestLine(body, this.#tools?.tool ?? 'cksum');
      sums.push(sum);
      return line;
    });
    sums.splice(0, sums.length - rememberedRequests);
    await this.type(lines.join(''));
  }

  /** Says it until the device answers as wanted. */
  async answer<T>(say: (attempt: number) => Promise<void>, wanted: (frame: Frame) => T | undefined, deadline: Deadline): Promise<T> {
    let quiet = this.quiet();
    for (let attempt = 1; attempt <= mostRequests; attempt += 1) {
      await say(attempt);
      for (let frame = await this.next(quiet, deadline); frame !== undefined; frame = await this.next(quiet, deadline)) {
        const found = wanted(frame);
        if (found !== undefined) return found;
        if (frame.kind === 'damaged-request') break;
      }
      quiet = this.quiet(quiet);
    }
    throw this.neverHeard('a line of the framing protocol');
  }

  /** The next frame; undefined after so many milliseconds without one. Rejects with ConnectionLost once none can come. */
  async next(quiet: number, deadline: Deadline): Promise<Frame | undefined> {
    for (const until = performance.now() + quiet; ;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.#gone !== undefined) throw this.#lost(this.#gone);
      const left = until - performance.now();
      if (left <= 0) {
        await this.#lookForAnother();
        if (this.#gone === undefined) return undefined;
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, left);
      try {
        await deadline.race(promise);
      } finally {
        clearTimeout(timer);
      }
    }
  }

  end(why = 'it was closed'): void {
    this.#gone ??= why;
    this.#stop.abort();
    this.#wake?.();
  }

  neverHeard(command: string): IndeterminateResult {
    return new IndeterminateResult(`“${command}” was not run: the device got it damaged ${mostRequests} times`, {
      blame: 'infra',
      advice: 'Is the serial line sound? Look at its speed, its ground wire and its flow control.',
    });
  }

  async #listen(from: number): Promise<void> {
    try {
      for await (const { offset, bytes } of this.#console.follow({ from, signal: this.#stop.signal })) {
        const frames = [...this.#reader.read(bytes)];
        if (frames.length > 0) this.#unanswered = undefined;
        this.#frames.push(...frames);
        this.#heard = offset + bytes.length;
        if (loginPrompt.test(this.#reader.open)) this.#gone ??= 'a login prompt came';
        this.#wake?.();
      }
    } catch (error) {
      this.#gone ??= `the console ended: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#wake?.();
  }

  /**
   * A loop that was killed leaves a getty, or a shell, that takes requests for its own. A prompt alone proves nothing, as kernel lines and
   * programs that draw on the console may look like one. But nobody says a request's checksum who didn't read the request.
   */
  async #lookForAnother(): Promise<void> {
    // Before the loop runs there is a shell, as there should be.
    if (this.#unanswered === undefined || this.#tools === undefined) return;
    const { sums, from } = this.#unanswered;
    const said = printable(await this.#console.read({ from: Math.max(from, this.#heard - searchedBytes), to: this.#heard }));
    const sum = `(?:${sums.join('|')})`;
    if (new RegExp(String.raw`\blogin: ?${sum} `).test(said)) this.#gone ??= 'a login took a request for a name';
    if (new RegExp(String.raw`[#$] ?${sum} |\b${sum}: (?:command )?not found`).test(said)) this.#gone ??= 'another shell read a request';
  }

  #lost(why: string, cause?: unknown): ConnectionLost {
    return new ConnectionLost(`the shell on the console is gone: ${why}`, {
      blame: 'product',
      cause,
      advice: 'Look at the console’s log: did the device reboot, or did the command end the shell? It may have run in part.',
    });
  }
}
