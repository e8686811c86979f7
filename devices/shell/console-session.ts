import { createHash, randomBytes } from 'node:crypto';
import type { Console } from '../console/console.ts';
import { ConsoleDetached } from '../console/errors.ts';
import { checksum, cksum } from './checksum.ts';
import { toPrompt, type ConsoleAccount } from './console-login.ts';
import { Deadline } from './deadline.ts';
import { ConnectionLost, IndeterminateResult } from './errors.ts';
import { FramedStream, type Encoding } from './framed-output.ts';
import { frameLoop } from './frame-loop.ts';
import { FrameReader, percentB, requestLine, type Frame } from './frames.ts';

export interface SessionOutcome {
  stdout: Buffer;
  stderr: Buffer;
  exitCode: number;
}

/** Characters that go into one line of a request: a terminal in canonical mode takes 4095 (Linux, N_TTY_BUF_SIZE). */
const longestPiece = 900;
/** Milliseconds of silence after which the device is asked where it stands; doubled each time. */
const firstQuiet = 500;
const longestQuiet = 30_000;
/** So often a request that arrives damaged is sent again. */
const mostRequests = 20;

/** Milliseconds for the loop to tidy up. */
const quitBudget = 2_000;

const interrupt = '\u0003';
const loginPrompt = /(?<!Last )\blogin: ?(?:\u001B\[[0-9;?]*[a-zA-Z])*$/;

/** One framing loop that runs on the device's console, from login to its end. */
export class ConsoleSession {
  readonly #console: Console;
  readonly #slowness: number;
  readonly #nonce = nonce();
  readonly #reader: FrameReader;
  readonly #stop = new AbortController();
  readonly #frames: Frame[] = [];
  #wake: (() => void) | undefined;
  /** Why nothing more will come. */
  #gone: string | undefined;
  #encoding: Encoding = { encoding: 'base64', bytesPerLine: 57, tool: 'cksum' };
  #serial = 0;
  #id = 0;

  static async start(console: Console, account: ConsoleAccount, deadline: Deadline, slowness: number): Promise<ConsoleSession> {
    await toPrompt(console, account, deadline, slowness);
    const session = new ConsoleSession(console, slowness);
    void session.#listen(await console.mark());
    try {
      await session.#setUp(deadline);
      return session;
    } catch (error) {
      session.end();
      throw error;
    }
  }

  private constructor(console: Console, slowness: number) {
    this.#console = console;
    this.#slowness = slowness;
    this.#reader = new FrameReader(this.#nonce);
  }

  get gone(): boolean {
    return this.#gone !== undefined;
  }

  /** Runs one command. The caller sees to it that there is only one at a time, and interrupts it when the deadline ended this. */
  async execute(command: string, stdin: Uint8Array | undefined, deadline: Deadline): Promise<SessionOutcome> {
    if (command.includes('\0')) throw new TypeError('a command can’t hold a NUL character');
    const id = (this.#id += 1);
    const input = stdin === undefined || stdin.length === 0 ? 0 : 1;
    if (stdin !== undefined && input === 1) await this.#sendPieces('i', stdin, deadline);
    const inOneLine = command.length <= longestPiece && /^[\u0020-\u007E]*$/.test(command);
    if (!inOneLine) await this.#sendPieces('c', Buffer.from(command), deadline);
    const request = inOneLine
      ? (serial: number) => `x ${serial} ${id} ${input} ${command}`
      : (serial: number) => `f ${serial} ${id} ${input}`;
    return this.#result(command, id, request, deadline);
  }

  /** Ends the command that runs and waits for its last word; what can't be brought to an end is given up. */
  async interrupt(deadline: Deadline): Promise<void> {
    try {
      await this.#console.write(interrupt);
      for (;;) {
        await this.#ask(`e ${(this.#serial += 1)} ${this.#id}`);
        const frame = await this.#next(firstQuiet * this.#slowness, deadline);
        if (frame?.kind === 'end' && frame.serial === this.#serial) return;
        if (frame?.kind === 'unknown') return;
      }
    } catch (error) {
      this.#gone ??= `it did not answer to ^C: ${String(error)}`;
      this.end();
    }
  }

  /** Leaves the login prompt behind, and nothing on the device. One that doesn't answer is left as it is: a reboot takes the rest. */
  async quit(): Promise<void> {
    using deadline = new Deadline(quitBudget * this.#slowness);
    const serial = (this.#serial += 1);
    try {
      if (!this.gone) {
        await this.#answer(
          () => this.#ask(`q ${serial}`),
          (frame) => (frame.kind === 'taken' && frame.serial === serial ? true : undefined),
          deadline,
        );
      }
    } catch (error) {
      if (!deadline.spent && !(error instanceof ConnectionLost)) throw error;
    } finally {
      this.end();
    }
  }

  end(): void {
    this.#gone ??= 'it was closed';
    this.#stop.abort();
    this.#wake?.();
  }

  /** Brings the loop to the device, piece by piece. Each line may come twice: one whose answer came damaged, or late, is sent again. */
  async #setUp(deadline: Deadline): Promise<void> {
    const half = Math.floor(this.#nonce.length / 2);
    const [first, second] = [this.#nonce.slice(0, half), this.#nonce.slice(half)];
    // In two halves, so that the terminal's echo of these lines holds no frame.
    const step = (number: number) => `printf '%s%s;\\n' ${first} ${second}s${number}`;
    const script = Buffer.from(frameLoop);
    const files = [...pieces(script)].map((piece, number) => `printf '%b' '${piece}' >"$d/${number}"`);
    const names = files.map((_, number) => `"$d/${number}"`).join(' ');
    const lines = [
      `unset HISTFILE; stty -echo; for d in /run /dev/shm /tmp; do d=$d/boardwalk-$$; mkdir -p -m 700 "$d" && break; done 2>/dev/null`,
      ...files,
      `cat ${names} >"$d/loop"`,
    ];
    for (const [number, line] of lines.entries()) {
      let attempts = 0;
      await this.#answer(
        async () => {
          attempts += 1;
          // Behind the prompt that was seen, a program that was typed ahead may have begun.
          if (number === 0 && attempts > 2) await this.#console.write(`${interrupt}\n`);
          await this.#console.write(` ${line}; ${step(number)}\n`);
        },
        (frame) => (frame.kind === 'step' && frame.step === number ? true : undefined),
        deadline,
      );
    }
    const sums = [`"$(cksum <"$d/loop")" = "${cksum(script)} ${script.length}"`, `"$(md5sum <"$d/loop")" = "${md5(script)}  -"`];
    const start = `{ [ ${sums.join(' ] || [ ')} ]; } 2>/dev/null && exec sh "$d/loop" ${first}${second} "$d" 0`;
    let attempts = 0;
    const encoding = await this.#answer(
      async () => {
        attempts += 1;
        if (attempts === 1) await this.#console.write(` ${start}; ${step(lines.length)}\n`);
        // It runs, and its first word was damaged: which checksum it has isn't known yet.
        else await this.#ask(`h 0`, attempts % 2 === 0 ? 'cksum' : 'md5sum');
      },
      (frame) => (frame.kind === 'ready' || (frame.kind === 'step' && frame.step === lines.length) ? frame : undefined),
      deadline,
    );
    if (encoding.kind === 'ready') this.#encoding = encoding;
    else throw this.#neverHeard('the framing loop');
  }

  /** Says it until the device answers as wanted. */
  async #answer<T>(say: () => Promise<void>, wanted: (frame: Frame) => T | undefined, deadline: Deadline): Promise<T> {
    let quiet = firstQuiet * this.#slowness;
    for (let attempts = 0; attempts < mostRequests; attempts += 1) {
      await say();
      for (let frame = await this.#next(quiet, deadline); frame !== undefined; frame = await this.#next(quiet, deadline)) {
        const found = wanted(frame);
        if (found !== undefined) return found;
        if (frame.kind === 'damaged-request') break;
      }
      quiet = Math.min(quiet * 2, longestQuiet);
    }
    throw this.#neverHeard('a line of the framing protocol');
  }

  async #result(command: string, id: number, request: (serial: number) => string, deadline: Deadline): Promise<SessionOutcome> {
    const streams = { o: new FramedStream(this.#encoding), e: new FramedStream(this.#encoding) };
    let quiet = firstQuiet * this.#slowness;
    let attempts = 0;
    let ended: { exitCode: number; missing: number } | undefined;
    /** The request that an answer is awaited to. */
    let asked = request((this.#serial += 1));
    const ask = async (body: (serial: number) => string) => {
      asked = body((this.#serial += 1));
      await this.#ask(asked);
    };
    await this.#ask(asked);
    try {
      for (;;) {
        const frame = await this.#next(quiet, deadline);
        // Patience grows with a command that is silent because it runs, not with answers that were damaged.
        if (frame !== undefined) quiet = firstQuiet * this.#slowness;
        switch (frame?.kind) {
          case undefined:
            quiet = Math.min(quiet * 2, longestQuiet);
            await ask((serial) => `e ${serial} ${id}`);
            break;
          case 'damaged-request':
            attempts += 1;
            if (attempts > mostRequests) throw this.#neverHeard(command);
            await this.#ask(asked);
            break;
          case 'unknown':
            if (frame.id !== id) break;
            attempts += 1;
            if (attempts > mostRequests) throw this.#neverHeard(command);
            await ask(request);
            break;
          case 'data':
            if (frame.id === id) streams[frame.stream].add(frame);
            break;
          case 'end': {
            if (frame.id !== id) break;
            const stdout = streams.o.assemble(frame.streams.o);
            const stderr = streams.e.assemble(frame.streams.e);
            if (stdout.bytes && stderr.bytes) return { stdout: stdout.bytes, stderr: stderr.bytes, exitCode: frame.exitCode };
            const [name, lacking] = stdout.bytes === undefined ? (['o', stdout] as const) : (['e', stderr] as const);
            if (lacking.bytes !== undefined) break;
            ended = { exitCode: frame.exitCode, missing: lacking.count };
            // An older answer may still be under way.
            if (frame.serial !== this.#serial) break;
            await ask((serial) => `r ${serial} ${id} ${name} ${frame.streams[name].length} ${lacking.missing}`);
            break;
          }
          case 'ready':
          case 'step':
          case 'taken':
            break;
        }
      }
    } catch (error) {
      if (!deadline.spent || ended === undefined) throw error;
      throw new IndeterminateResult(
        `“${command}” ended with exit code ${ended.exitCode}, but ${ended.missing} lines of its output came damaged each time they were asked for`,
        { blame: 'infra', cause: error, advice: 'Is the serial line sound, or does the kernel print without pause?' },
      );
    }
  }

  async #sendPieces(file: 'c' | 'i', bytes: Uint8Array, deadline: Deadline): Promise<void> {
    let mode = '>';
    for (const piece of pieces(bytes)) {
      const serial = (this.#serial += 1);
      const body = `p ${serial} ${file} ${mode} ${piece}`;
      await this.#answer(
        async () => this.#ask(body),
        (frame) => (frame.kind === 'taken' && frame.serial === serial ? true : undefined),
        deadline,
      );
      mode = '>>';
    }
  }

  async #ask(body: string, tool = this.#encoding.tool): Promise<void> {
    const line = `${requestLine((bytes) => checksum(tool, bytes), body)}\n`;
    await this.#console.write(line).catch((error: unknown) => {
      if (!(error instanceof ConsoleDetached)) throw error;
      throw this.#lost((this.#gone ??= error.message), error);
    });
  }

  /** The next frame; undefined after so many milliseconds without one. */
  async #next(quiet: number, deadline: Deadline): Promise<Frame | undefined> {
    for (const until = performance.now() + quiet; ;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.#gone !== undefined) throw this.#lost(this.#gone);
      const left = until - performance.now();
      if (left <= 0) return undefined;
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

  async #listen(from: number): Promise<void> {
    try {
      for await (const { bytes } of this.#console.follow({ from, signal: this.#stop.signal })) {
        this.#frames.push(...this.#reader.read(bytes));
        if (loginPrompt.test(this.#reader.open)) this.#gone ??= 'a login prompt came';
        this.#wake?.();
      }
    } catch (error) {
      this.#gone ??= `the console ended: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#wake?.();
  }

  #lost(why: string, cause?: unknown): ConnectionLost {
    return new ConnectionLost(`the shell on the console is gone: ${why}`, {
      blame: 'product',
      cause,
      advice: 'Look at the console’s log: did the device reboot, or did the command end the shell? It may have run in part.',
    });
  }

  #neverHeard(command: string): IndeterminateResult {
    return new IndeterminateResult(`“${command}” was not run: the device got it damaged ${mostRequests} times`, {
      blame: 'infra',
      advice: 'Is the serial line sound? Look at its speed, its ground wire and its flow control.',
    });
  }
}

function* pieces(bytes: Uint8Array): Generator<string> {
  let piece = '';
  for (let index = 0; index < bytes.length; index += 1) {
    piece += percentB(bytes.subarray(index, index + 1));
    if (piece.length < longestPiece - 5 && index < bytes.length - 1) continue;
    yield piece;
    piece = '';
  }
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** Ten letters that no kernel says. */
function nonce(): string {
  return Array.from(randomBytes(10), (byte) => String.fromCharCode(0x47 + (byte % 20))).join('');
}
