import { checksum, type ChecksumTool } from './checksum.ts';

/** How a device says bytes. */
export interface Encoding {
  encoding: 'base64' | 'hex';
  bytesPerLine: number;
  tool: ChecksumTool;
}

export interface DeviceTools extends Encoding {
  /** What it can undo of what is sent to it. */
  unpacks: { base64: boolean; gzip: boolean };
}

/** What the device says; see frame-loop.ts. */
export type Frame =
  | ({ kind: 'ready' } & DeviceTools)
  | { kind: 'step'; step: number }
  | { kind: 'taken'; serial: number }
  | { kind: 'unkept'; number: number }
  | { kind: 'damaged-request' }
  | { kind: 'unknown'; id: number }
  | { kind: 'data'; id: number; stream: 'o' | 'e'; wide: boolean; line: number; data: string }
  | { kind: 'end'; id: number; serial: number; exitCode: number; streams: Record<'o' | 'e', Travelled> };

/** A stream of output as it came over the line: packed by gzip, or as it is. */
export interface Travelled {
  length: number;
  checksum: number;
  packed: boolean;
}

/** A line that is longer holds no frame: the longest is a wide one of data, about 3,830 characters. */
const longestLine = 8192;

/**
 * Finds frames in console bytes, in pieces of any size, wherever in a line they stand and whatever is around them. What isn't whole, or
 * whose numbers don't fit their sum, is no frame.
 */
export class FrameReader {
  readonly #nonce: string;
  #rest = '';
  /** Frames that were begun and not whole. */
  damaged = 0;

  constructor(nonce: string) {
    this.#nonce = nonce;
  }

  /** The line that is still open. */
  get open(): string {
    return this.#rest;
  }

  *read(bytes: Uint8Array): Generator<Frame> {
    const text = this.#rest + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    const end = text.lastIndexOf('\n') + 1;
    this.#rest = text.slice(Math.max(end, text.length - longestLine));
    let position = text.indexOf(this.#nonce);
    while (position !== -1 && position < end) {
      const start = position + this.#nonce.length;
      const lineEnd = text.indexOf('\n', start);
      position = text.indexOf(this.#nonce, start);
      const frame = parseFrame(text.slice(start, Math.min(lineEnd, position === -1 ? lineEnd : position)));
      if (frame === undefined) this.damaged += 1;
      else yield frame;
    }
  }
}

const dataPattern = /^(\d+)([oeOE])(\d+):([A-Za-z0-9+/=]+);/;
const numbersPattern = /^([jkux])((?:\d+:)+)(\d+);/;
const readyPattern = /^r([bh]):(\d+):([cm]):([0-3]):(\d+);/;
const stepPattern = /^s(\d+);/;

function parseFrame(text: string): Frame | undefined {
  const data = dataPattern.exec(text);
  if (data !== null) {
    const [, id, letter = '', line, encoded = ''] = data;
    const stream = letter.toLowerCase() === 'o' ? 'o' : 'e';
    return { kind: 'data', id: Number(id), stream, wide: letter !== stream, line: Number(line), data: encoded };
  }
  if (text.startsWith('n;')) return { kind: 'damaged-request' };
  const step = stepPattern.exec(text);
  if (step !== null) return { kind: 'step', step: Number(step[1]) };
  const ready = readyPattern.exec(text);
  if (ready !== null) {
    const [, encoding, width, tool, unpacks, sum] = ready;
    if (sumOf([Number(width), Number(unpacks), 4294967295, 4294967295]) !== Number(sum)) return undefined;
    return {
      kind: 'ready',
      encoding: encoding === 'b' ? 'base64' : 'hex',
      bytesPerLine: Number(width),
      tool: tool === 'c' ? 'cksum' : 'md5sum',
      unpacks: { base64: unpacks === '1' || unpacks === '3', gzip: unpacks === '2' || unpacks === '3' },
    };
  }
  const numbered = numbersPattern.exec(text);
  if (numbered === null) return undefined;
  const [, kind, list = '', sum] = numbered;
  const numbers = list.slice(0, -1).split(':').map(Number);
  return sumOf(numbers) === Number(sum) ? numberedFrame(kind, numbers) : undefined;
}

function numberedFrame(kind: string | undefined, numbers: number[]): Frame | undefined {
  const [first = 0, serial = 0, exitCode = 0, packed = 0, outLength = 0, outSum = 0, errLength = 0, errSum = 0] = numbers;
  if (kind === 'k' && numbers.length === 1) return { kind: 'taken', serial: first };
  if (kind === 'u' && numbers.length === 1) return { kind: 'unknown', id: first };
  if (kind === 'j' && numbers.length === 1) return { kind: 'unkept', number: first };
  if (kind !== 'x' || numbers.length !== 8) return undefined;
  const streams = {
    o: { length: outLength, checksum: outSum, packed: packed === 1 || packed === 3 },
    e: { length: errLength, checksum: errSum, packed: packed === 2 || packed === 3 },
  };
  return { kind: 'end', id: first, serial, exitCode, streams };
}

/** The sum over a frame's numbers that shell arithmetic of 64 bits can do. */
export function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => (sum * 65599 + number) % 2147483647, 0);
}

/** Bytes as an argument of `printf %b` that stands in one line, in single quotes or none. */
export function percentB(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x5c && byte !== 0x27;
    text += plain ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, '0')}`;
  }
  return text;
}

/** Characters of a request that the device's shell sums up by itself: on a slow device it takes as long as starting a process. */
const shortRequest = 120;

/** A request as it is sent, and its checksum: see frame-loop.ts. It is printable ASCII. */
export function requestLine(body: string, tool: ChecksumTool): { sum: number; line: string } {
  const sum =
    body.length <= shortRequest
      ? sumOf(Array.from(body, (character) => character.charCodeAt(0) - 0x20))
      : checksum(tool, Buffer.from(`${body}\n`));
  return { sum, line: `${sum} ${body}\n` };
}
