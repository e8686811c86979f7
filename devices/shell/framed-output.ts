import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { checksum } from './checksum.ts';
import type { Encoding, Frame, Travelled } from './frames.ts';

type Data = Extract<Frame, { kind: 'data' }>;

export type Assembled = { bytes: Buffer } | { bytes: undefined; missing: string; count: number };

/** So many lines stand in a wide one. */
const linesInWide = 10;
/** So many characters of line numbers are asked for at once. */
const longestSelection = 600;

/** One stream of a command's output, put together from lines that come in any order, more than once, or not at all. */
export class FramedStream {
  readonly #encoding: Encoding;
  #lines = new Map<number, Buffer>();
  #wide = new Map<number, Buffer>();

  constructor(encoding: Encoding) {
    this.#encoding = encoding;
  }

  add({ line, wide, data }: Data): void {
    (wide ? this.#wide : this.#lines).set(line, Buffer.from(data, this.#encoding.encoding));
  }

  /** The stream, once every line of it is there and its checksum fits; else a sed script that selects lines to be said again. */
  assemble({ length, checksum: expected }: Omit<Travelled, 'packed'>): Assembled {
    const { bytesPerLine, tool } = this.#encoding;
    this.#cutWide(length);
    const count = Math.ceil(length / bytesPerLine);
    const missing: number[] = [];
    const parts: Buffer[] = [];
    for (let line = 1; line <= count; line += 1) {
      const bytes = this.#lines.get(line);
      const whole = line < count ? bytesPerLine : length - (count - 1) * bytesPerLine;
      if (bytes?.length === whole) parts.push(bytes);
      else missing.push(line);
    }
    if (missing.length > 0) return { bytes: undefined, missing: selection(missing), count: missing.length };
    const bytes = Buffer.concat(parts);
    if (length === 0 || checksum(tool, bytes) === expected) return { bytes };
    // Every line is as long as it should be, and one of them lies: none can be trusted.
    this.#lines = new Map();
    return { bytes: undefined, missing: 'p', count };
  }

  /** Only now is it known how long each should be: of one that lost a byte, all that is behind it is in the wrong place. */
  #cutWide(length: number): void {
    const { bytesPerLine } = this.#encoding;
    const bytesPerWide = linesInWide * bytesPerLine;
    for (const [wide, bytes] of this.#wide) {
      const start = (wide - 1) * bytesPerWide;
      if (bytes.length !== Math.min(bytesPerWide, length - start)) continue;
      for (let position = 0; position < bytes.length; position += bytesPerLine) {
        const line = (start + position) / bytesPerLine + 1;
        if (!this.#lines.has(line)) this.#lines.set(line, bytes.subarray(position, position + bytesPerLine));
      }
    }
    this.#wide = new Map();
  }
}

const unzip = promisify(gunzip);

/** The stream that a packed one was made of; undefined where the device's gzip made something else: its own checksum tells. */
export async function unpack(packed: Buffer): Promise<Buffer | undefined> {
  return unzip(packed).catch(() => undefined);
}

/** A sed script that prints these lines, or as many of them as fit. */
export function selection(lines: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const line of lines) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === line - 1) range[1] = line;
    else ranges.push([line, line]);
  }
  let script = '';
  for (const [first, last] of ranges) {
    const command = `${first === last ? first : `${first},${last}`}p;`;
    if (script.length + command.length > longestSelection) break;
    script += command;
  }
  return script;
}
