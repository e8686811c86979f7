/** A stretch of text whose characters lie side by side in the log, each `unit` bytes wide. */
interface Stretch {
  /** Index of its first character in the text. */
  index: number;
  /** Byte offset of that character in the log. */
  offset: number;
  /** Bytes of the log for each UTF-16 code unit of the text. */
  unit: number;
}

/** A text and where in the log each of its characters came from. */
export class OffsetText {
  #text = '';
  readonly #stretches: Stretch[] = [];

  get text(): string {
    return this.#text;
  }

  /** Appends characters that begin at byte `offset` of the log and are `unit` bytes wide each. */
  append(characters: string, offset: number, unit: number): void {
    const last = this.#stretches.at(-1);
    const index = this.#text.length;
    const continues = last !== undefined && last.unit === unit && last.offset + (index - last.index) * unit === offset;
    if (!continues) this.#stretches.push({ index, offset, unit });
    this.#text += characters;
  }

  appendText(other: OffsetText): void {
    for (const [position, stretch] of other.#stretches.entries()) {
      const end = other.#stretches[position + 1]?.index ?? other.#text.length;
      this.append(other.#text.slice(stretch.index, end), stretch.offset, stretch.unit);
    }
  }

  /** Byte offset of the character at `index`. */
  offsetOf(index: number): number {
    const stretch = this.#stretchOf(index);
    return stretch === undefined ? 0 : stretch.offset + (index - stretch.index) * stretch.unit;
  }

  /** Byte offset after the character before `index`. */
  endOf(index: number): number {
    if (index === 0) return this.offsetOf(0);
    const stretch = this.#stretchOf(index - 1);
    return stretch === undefined ? 0 : stretch.offset + (index - stretch.index) * stretch.unit;
  }

  /** Forgets the first `count` characters. */
  drop(count: number): void {
    if (count <= 0) return;
    const first = this.#stretches.findLastIndex((stretch) => stretch.index <= count);
    this.#stretches.splice(0, Math.max(first, 0));
    for (const stretch of this.#stretches) {
      const cut = Math.max(count - stretch.index, 0);
      stretch.offset += cut * stretch.unit;
      stretch.index += cut - count;
    }
    this.#text = this.#text.slice(count);
  }

  #stretchOf(index: number): Stretch | undefined {
    let low = 0;
    let high = this.#stretches.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const stretch = this.#stretches[middle];
      if (stretch !== undefined && stretch.index <= index) low = middle;
      else high = middle - 1;
    }
    return this.#stretches[low];
  }
}

const escape = 0x1b;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const bell = 0x07;

/** An operating-system command that is longer than this was never one: a stray ESC ] must not swallow the log. */
const longestEscapeString = 1024;

type State =
  | 'text'
  /** After ESC, and after ESC with intermediate bytes (`ESC ( B`). */
  | 'escape'
  /** After ESC [: parameters up to a final byte. */
  | 'sequence'
  /** After ESC ] P X ^ _: a string up to BEL or ESC \. */
  | 'string'
  | 'string-escape';

/**
 * Turns console bytes into text, in pieces of any size: ANSI escape sequences (ECMA-48) are taken out, what isn't UTF-8 becomes
 * U+FFFD, one for each byte, and CR before LF goes away. Other control characters stay. Remembers where each character came from.
 */
export class ConsoleDecoder {
  #state: State = 'text';
  #stringLength = 0;
  /** Offset of a CR that waits for its LF. */
  #pendingReturn: number | undefined;
  /** The bytes so far of a UTF-8 sequence that isn't whole yet, and the offset of its first. */
  #partial: number[] = [];
  #partialOffset = 0;
  #partialLength = 0;

  /** Decodes `bytes`, the first of which lies at `offset` of the log. */
  decode(bytes: Uint8Array, offset: number): OffsetText {
    const out = new OffsetText();
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let index = 0;
    while (index < buffer.length) {
      if (this.#state === 'text' && this.#partial.length === 0 && this.#pendingReturn === undefined) {
        const end = endOfPlain(buffer, index);
        if (end > index) {
          out.append(buffer.toString('latin1', index, end), offset + index, 1);
          index = end;
          continue;
        }
      }
      this.#byte(buffer[index] ?? 0, offset + index, out);
      index += 1;
    }
    return out;
  }

  #byte(byte: number, offset: number, out: OffsetText): void {
    if (this.#state !== 'text') {
      this.#escaped(byte, offset, out);
      return;
    }
    if (this.#partial.length > 0) {
      if (this.#continuesPartial(byte)) {
        this.#partial.push(byte);
        if (this.#partial.length === this.#partialLength) this.#finishPartial(out);
        return;
      }
      this.#abandonPartial(out);
    }
    if (this.#pendingReturn !== undefined) {
      if (byte !== lineFeed && byte !== carriageReturn) out.append('\r', this.#pendingReturn, 1);
      this.#pendingReturn = undefined;
    }
    if (byte === carriageReturn) this.#pendingReturn = offset;
    else if (byte === escape) this.#state = 'escape';
    else if (byte < 0x80) out.append(String.fromCharCode(byte), offset, 1);
    else this.#lead(byte, offset, out);
  }

  #escaped(byte: number, offset: number, out: OffsetText): void {
    const asText = () => {
      this.#state = 'text';
      this.#byte(byte, offset, out);
    };
    switch (this.#state) {
      case 'escape':
        if (byte === 0x5b) this.#state = 'sequence';
        else if (byte === 0x5d || byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f) {
          this.#state = 'string';
          this.#stringLength = 0;
        } else if (byte >= 0x30 && byte <= 0x7e) this.#state = 'text';
        else if (byte < 0x20 || byte > 0x2f) asText();
        break;
      case 'sequence':
        if (byte >= 0x40 && byte <= 0x7e) this.#state = 'text';
        else if (byte < 0x20 || byte > 0x7e) asText();
        break;
      case 'string':
        this.#stringLength += 1;
        if (byte === bell) this.#state = 'text';
        else if (byte === escape) this.#state = 'string-escape';
        else if (byte === lineFeed || this.#stringLength > longestEscapeString) asText();
        break;
      case 'string-escape':
        // ESC \ ends the string; any other ESC begins a sequence of its own.
        if (byte === 0x5c) this.#state = 'text';
        else {
          this.#state = 'escape';
          this.#escaped(byte, offset, out);
        }
        break;
      case 'text':
        break;
    }
  }

  #lead(byte: number, offset: number, out: OffsetText): void {
    const length = byte >= 0xc2 && byte <= 0xdf ? 2 : byte >= 0xe0 && byte <= 0xef ? 3 : byte >= 0xf0 && byte <= 0xf4 ? 4 : 0;
    if (length === 0) {
      out.append('\uFFFD', offset, 1);
      return;
    }
    this.#partial = [byte];
    this.#partialOffset = offset;
    this.#partialLength = length;
  }

  #continuesPartial(byte: number): boolean {
    if (byte < 0x80 || byte > 0xbf) return false;
    if (this.#partial.length > 1) return true;
    // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte (RFC 3629, section 4).
    switch (this.#partial[0]) {
      case 0xe0:
        return byte >= 0xa0;
      case 0xed:
        return byte <= 0x9f;
      case 0xf0:
        return byte >= 0x90;
      case 0xf4:
        return byte <= 0x8f;
      default:
        return true;
    }
  }

  #finishPartial(out: OffsetText): void {
    const text = Buffer.from(this.#partial).toString('utf8');
    out.append(text, this.#partialOffset, this.#partialLength / text.length);
    this.#partial = [];
  }

  #abandonPartial(out: OffsetText): void {
    out.append('\uFFFD'.repeat(this.#partial.length), this.#partialOffset, 1);
    this.#partial = [];
  }
}

/** Index of the first byte from `start` on that needs more than copying. */
function endOfPlain(buffer: Buffer, start: number): number {
  let index = start;
  for (; index < buffer.length; index += 1) {
    const byte = buffer[index] ?? 0;
    if (byte >= 0x80 || byte === escape || byte === carriageReturn) break;
  }
  return index;
}

/** Console bytes as text that is fit to be shown: as the decoder gives it, without any other control character. */
export function printable(bytes: Uint8Array): string {
  return new ConsoleDecoder().decode(bytes, 0).text.replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, '');
}
