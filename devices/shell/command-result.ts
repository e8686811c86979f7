import type { Deadline } from './deadline.ts';
import { IndeterminateResult } from './errors.ts';
import { FramedStream, unpack } from './framed-output.ts';
import { mostRequests, type FrameLink } from './frame-link.ts';
import type { Frame, Travelled } from './frames.ts';

export interface SessionOutcome {
  stdout: Buffer;
  stderr: Buffer;
  exitCode: number;
}

/** The device can't make the command's stdin of what was sent. */
export const inputUnkept = Symbol('input unkept');

/** A command that was handed to the loop, and what came of it so far. */
export class CommandResult {
  readonly #link: FrameLink;
  readonly #command: string;
  readonly #id: number;
  readonly #request: (serial: number) => string;
  #streams: Record<'o' | 'e', FramedStream>;
  #attempts = 0;
  #ended: { exitCode: number; missing: number } | undefined;
  /** The request that an answer is awaited to. */
  #asked = '';

  constructor(link: FrameLink, command: string, id: number, request: (serial: number) => string) {
    this.#link = link;
    this.#command = command;
    this.#id = id;
    this.#request = request;
    this.#streams = newStreams(link);
  }

  /** Has it run, and brings its result whole. */
  async bring(deadline: Deadline): Promise<SessionOutcome | typeof inputUnkept> {
    let quiet = this.#link.quiet();
    try {
      await this.#ask(this.#request);
      for (;;) {
        const frame = await this.#link.next(quiet, deadline);
        // Patience grows with a command that is silent because it runs, not with answers that were damaged.
        quiet = this.#link.quiet(frame === undefined ? quiet : undefined);
        if (frame === undefined) await this.#ask((serial) => `e ${serial} ${this.#id}`);
        else {
          const outcome = await this.#take(frame);
          if (outcome !== undefined) return outcome;
        }
      }
    } catch (error) {
      if (!deadline.spent || this.#ended === undefined) throw error;
      const { exitCode, missing } = this.#ended;
      throw new IndeterminateResult(
        `“${this.#command}” ended with exit code ${exitCode}, but ${missing} lines of its output came damaged each time they were asked for`,
        { blame: 'infra', cause: error, advice: 'Is the serial line sound, or does the kernel print without pause?' },
      );
    }
  }

  async #take(frame: Frame): Promise<SessionOutcome | typeof inputUnkept | undefined> {
    switch (frame.kind) {
      case 'damaged-request':
        this.#countAttempt();
        await this.#link.ask(this.#asked);
        return undefined;
      case 'unknown':
        if (frame.id !== this.#id) return undefined;
        this.#countAttempt();
        await this.#ask(this.#request);
        return undefined;
      case 'unkept':
        return frame.number === this.#id ? inputUnkept : undefined;
      case 'data':
        if (frame.id === this.#id) this.#streams[frame.stream].add(frame);
        return undefined;
      case 'end':
        return frame.id === this.#id ? this.#end(frame) : undefined;
      case 'ready':
      case 'step':
      case 'taken':
        break;
    }
    return undefined;
  }

  async #end({ serial, exitCode, streams }: Extract<Frame, { kind: 'end' }>): Promise<SessionOutcome | undefined> {
    const stdout = this.#streams.o.assemble(streams.o);
    const stderr = this.#streams.e.assemble(streams.e);
    if (stdout.bytes && stderr.bytes) return this.#unpacked(exitCode, [stdout.bytes, stderr.bytes], streams);
    const [name, lacking] = stdout.bytes === undefined ? (['o', stdout] as const) : (['e', stderr] as const);
    if (lacking.bytes !== undefined) return undefined;
    this.#ended = { exitCode, missing: lacking.count };
    // An older answer may still be under way.
    if (serial !== this.#link.serial) return undefined;
    await this.#ask((serial) => `r ${serial} ${this.#id} ${name} ${streams[name].length} ${lacking.missing}`);
    return undefined;
  }

  /** The outcome; undefined where gzip's own checksum says that the device packs badly, and all is asked for as it is. */
  async #unpacked(
    exitCode: number,
    [out, err]: [Buffer, Buffer],
    { o, e }: Record<'o' | 'e', Travelled>,
  ): Promise<SessionOutcome | undefined> {
    const stdout = o.packed ? await unpack(out) : out;
    const stderr = e.packed ? await unpack(err) : err;
    if (stdout && stderr) return { stdout, stderr, exitCode };
    this.#streams = newStreams(this.#link);
    this.#link.tools.unpacks.gzip = false;
    await this.#ask((serial) => `w ${serial} ${this.#id}`);
    return undefined;
  }

  async #ask(body: (serial: number) => string): Promise<void> {
    this.#asked = body(this.#link.nextSerial());
    await this.#link.ask(this.#asked);
  }

  #countAttempt(): void {
    this.#attempts += 1;
    if (this.#attempts > mostRequests) throw this.#link.neverHeard(this.#command);
  }
}

function newStreams({ tools }: FrameLink): Record<'o' | 'e', FramedStream> {
  return { o: new FramedStream(tools), e: new FramedStream(tools) };
}
