import { promisify } from 'node:util';
import { gzip as zip } from 'node:zlib';
import type { Deadline } from './deadline.ts';
import { IndeterminateResult } from './errors.ts';
import { mostRequests, type FrameLink } from './frame-link.ts';
import { percentB, type DeviceTools } from './frames.ts';

/** Characters that go into one line of a request. */
export const longestPiece = 900;
/** Lines that are on their way at once: a terminal keeps 4095 characters that nobody has read yet (Linux, N_TTY_BUF_SIZE), one more line may be late. */
const piecesAtOnce = 3;

/** How the loop makes stdin of the pieces: as they are, from base64, or from base64 of gzip. */
export type InputKind = 1 | 2 | 3;

const gzipped = promisify(zip);

/** Stdin as it takes the fewest characters. One line isn't packed: unpacking costs a slow device two processes. */
export async function inputPieces(
  bytes: Uint8Array,
  { base64, gzip }: DeviceTools['unpacks'],
): Promise<{ kind: InputKind; pieces: string[] }> {
  const plain = plainPieces(bytes);
  if (!base64 || plain.length === 1) return { kind: 1, pieces: plain };
  const asItIs = cut(Buffer.from(bytes).toString('base64'));
  const packed = gzip ? cut((await gzipped(bytes)).toString('base64')) : asItIs;
  if (packed.length < Math.min(asItIs.length, plain.length)) return { kind: 3, pieces: packed };
  return asItIs.length < plain.length ? { kind: 2, pieces: asItIs } : { kind: 1, pieces: plain };
}

function cut(text: string): string[] {
  return Array.from({ length: Math.ceil(text.length / longestPiece) }, (_, index) =>
    text.slice(index * longestPiece, (index + 1) * longestPiece),
  );
}

/** Bytes as arguments of `printf %b`. */
export function plainPieces(bytes: Uint8Array): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (let index = 0; index < bytes.length; index += 1) {
    piece += percentB(bytes.subarray(index, index + 1));
    if (piece.length < longestPiece - 5 && index < bytes.length - 1) continue;
    pieces.push(piece);
    piece = '';
  }
  return pieces;
}

/**
 * Brings pieces to a file of the loop's: a long command (c) or stdin (i). A few at a time, so that the line isn't idle while the device
 * takes one; it takes them in their turn only, and says how far it came.
 */
export async function sendPieces(link: FrameLink, file: 'c' | 'i', pieces: readonly string[], deadline: Deadline): Promise<void> {
  const first = link.nextSerial(pieces.length);
  let taken = 0;
  let quiet = link.quiet();
  for (let fruitless = 0; taken < pieces.length;) {
    const before = taken;
    // After a silence one is sent, as those before it may still lie with the terminal.
    const batch = pieces.slice(before, before + (fruitless > 0 ? 1 : piecesAtOnce));
    await link.askAll(batch.map((piece, index) => `p ${first + before + index} ${file} ${first} ${piece}`));
    for (let answers = 0; answers < batch.length && taken < before + batch.length;) {
      const frame = await link.next(quiet, deadline);
      if (frame === undefined) break;
      if (frame.kind === 'unkept' && frame.number === first) throw noRoom();
      if (frame.kind === 'damaged-request') answers += 1;
      if (frame.kind !== 'taken' || frame.serial < first - 1 || frame.serial >= first + pieces.length) continue;
      answers += 1;
      taken = Math.max(taken, frame.serial - first + 1);
    }
    if (taken > before) {
      fruitless = 0;
      quiet = link.quiet();
      continue;
    }
    fruitless += 1;
    quiet = link.quiet(quiet);
    if (fruitless >= mostRequests) throw link.neverHeard('a line of the framing protocol');
  }
}

function noRoom(): IndeterminateResult {
  return new IndeterminateResult('the command was not run: the device can’t keep what was sent to it', {
    blame: 'product',
    advice: 'Is its /run full? df /run',
  });
}
