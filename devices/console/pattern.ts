import { ConsoleDecoder, OffsetText } from './text.ts';

export interface PatternMatch {
  text: string;
  groups: string[];
  /** Byte offsets in the log. */
  offset: number;
  end: number;
}

/**
 * How many characters of what was searched are kept for a match that began in them. A match may be longer only if it comes in one
 * piece. It bounds the cost: each piece is searched once, with so much of what went before.
 */
const carryOver = 4096;

/** Searches console bytes for a pattern, in pieces of any size. In a regular expression ^ and $ stand for the ends of a line. */
export class PatternScanner {
  readonly #decoder = new ConsoleDecoder();
  readonly #window = new OffsetText();
  readonly #pattern: RegExp;
  /** Index in the window before which no match can begin; the text there is only what a ^ or a look-behind sees. */
  #from = 0;

  constructor(pattern: RegExp | string) {
    this.#pattern =
      typeof pattern === 'string'
        ? new RegExp(RegExp.escape(pattern), 'g')
        : new RegExp(pattern.source, `${pattern.flags.replaceAll(/[gmy]/g, '')}gm`);
  }

  /** The first match that these bytes, the first of which lies at `offset` of the log, complete. */
  scan(bytes: Uint8Array, offset: number): PatternMatch | undefined {
    this.#window.appendText(this.#decoder.decode(bytes, offset));
    const { text } = this.#window;
    this.#pattern.lastIndex = this.#from;
    const match = this.#pattern.exec(text);
    if (match !== null) {
      const end = match.index + match[0].length;
      return {
        text: match[0],
        groups: match.slice(1).map((group: string | undefined) => group ?? ''),
        offset: this.#window.offsetOf(match.index),
        end: this.#window.endOf(end),
      };
    }
    this.#window.drop(text.length - carryOver - 1);
    this.#from = Math.min(this.#window.text.length, this.#window.text.length > carryOver ? 1 : 0);
    return undefined;
  }
}
