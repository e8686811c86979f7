import { ConsoleDecoder, OffsetText } from './text.ts';

export interface ConsoleLine {
  /** Without its line end, ANSI sequences removed. */
  text: string;
  /** Byte offset of its first character, and the epoch milliseconds at which that arrived. */
  offset: number;
  startedAt: number;
  /** Epoch milliseconds at which the last of it arrived. */
  at: number;
  /** False for a line that may go on, as a prompt does. */
  whole: boolean;
}

/** A longer line is cut here, so that a flood without line ends costs no memory. */
const longestLine = 4096;

/** Cuts console bytes into lines, in pieces of any size. */
export class LineReader {
  readonly #decoder = new ConsoleDecoder();
  #rest = new OffsetText();
  #startedAt = 0;

  /** The lines that these bytes end, then the one that is still open, if it has any text. */
  *read(bytes: Uint8Array, offset: number, at: number): Generator<ConsoleLine> {
    if (this.#rest.text === '') this.#startedAt = at;
    // What is open has no line end: it isn't searched again with each piece.
    let searched = this.#rest.text.length;
    this.#rest.appendText(this.#decoder.decode(bytes, offset));
    const { text } = this.#rest;
    let start = 0;
    for (;;) {
      const end = endOfLine(text, start, Math.max(start, searched));
      if (end === undefined) break;
      if (end > start) yield this.#line(start, end, at, true);
      const separated = text[end] === '\n' || text[end] === '\r';
      start = separated ? end + 1 : end;
      searched = start;
      this.#startedAt = at;
    }
    this.#rest.drop(start);
    if (this.#rest.text !== '') yield this.#line(0, this.#rest.text.length, at, false);
  }

  /** The open line, if there is one, as if it had ended: its source is gone. */
  *finish(at: number): Generator<ConsoleLine> {
    if (this.#rest.text !== '') yield this.#line(0, this.#rest.text.length, at, true);
    this.#rest = new OffsetText();
  }

  #line(start: number, end: number, at: number, whole: boolean): ConsoleLine {
    const text = this.#rest.text.slice(start, end);
    return { text, offset: this.#rest.offsetOf(start), startedAt: this.#startedAt, at, whole };
  }
}

const lineEnd = /[\n\r]/g;

/** Where the line from `start` on ends or is cut; there is no line end before `from`. */
function endOfLine(text: string, start: number, from: number): number | undefined {
  lineEnd.lastIndex = from;
  const end = lineEnd.exec(text)?.index ?? text.length;
  if (end - start > longestLine) return start + longestLine;
  return end < text.length ? end : undefined;
}
