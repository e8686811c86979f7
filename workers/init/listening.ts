import { setTimeout as pause } from 'node:timers/promises';
import { consoleSource, usualBaudRate, type Wiring } from '../../devices/index.ts';

const lookAgainEvery = 50;
/** Of the bytes of a console at its right rate, nearly all are text. */
const legibleShare = 0.8;
const enoughToJudge = 40;

/** A board's console, listened to while its wires are tried. */
export class Listening implements AsyncDisposable {
  readonly #source: ReturnType<typeof consoleSource>;
  #bytes = Buffer.alloc(0);
  #ended: string | undefined;

  /** Rejects with SourceUnopened. */
  static async open(wire: Wiring['console']): Promise<Listening> {
    const listening = new Listening(wire);
    await listening.#source.open({
      bytes(bytes) {
        listening.#bytes = Buffer.concat([listening.#bytes, bytes]);
      },
      closed({ detail }) {
        listening.#ended = detail;
      },
    });
    return listening;
  }

  private constructor(wire: Wiring['console']) {
    this.#source = consoleSource(wire, usualBaudRate);
  }

  /** Presses Enter. */
  async press(): Promise<void> {
    await this.#source.write(Buffer.from('\r'));
  }

  /** Forgets what was said so far. */
  forget(): void {
    this.#bytes = Buffer.alloc(0);
  }

  /** The first line of text that came since forget(); undefined where none does within so many milliseconds. Throws once the wire has gone. */
  async hears(budget: number, signal: AbortSignal): Promise<string | undefined> {
    const deadline = performance.now() + budget;
    for (;;) {
      const [line] = linesOf(this.#bytes);
      if (line !== undefined) return line;
      if (this.#ended !== undefined) throw new Error(this.#ended);
      if (performance.now() > deadline) return undefined;
      await pause(lookAgainEvery, undefined, { signal });
    }
  }

  /** The last line of text that came since forget(). */
  get lastLine(): string | undefined {
    return linesOf(this.#bytes).at(-1);
  }

  /** What is wrong with what came since forget(): much of it is no text. */
  get garbled(): string | undefined {
    if (this.#bytes.length < enoughToJudge) return undefined;
    const legible = this.#bytes.filter((byte) => isText(byte)).length / this.#bytes.length;
    return legible >= legibleShare ? undefined : `only ${Math.round(legible * 100)} % of its ${this.#bytes.length} bytes are text`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source.close();
  }
}

/** Those with three letters, digits or signs in a row: noise makes two. */
function linesOf(bytes: Buffer): string[] {
  return bytes
    .toString('latin1')
    .split(/[\r\n]+/)
    .map((line) => line.replaceAll(/[^ -~]/g, '').trim())
    .filter((line) => /[!-~]{3}/.test(line));
}

const isText = (byte: number): boolean => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09 || byte === 0x1b;
