import { open, type FileHandle } from 'node:fs/promises';
import type { Extent, Piece } from '../extents.ts';
import { cutShort } from './faults.ts';
import type { ImageSource } from '../source.ts';

/** Bytes of one read. Larger ones fall out of the core's cache before they are hashed and copied. */
const readBytes = 512 * 1024;

/** A disk as it is. Only what is wanted is read, holes of a sparse file included: reading those costs less than asking where they are. */
export function rawSource(file: string, diskBytes: number): ImageSource {
  return {
    file,
    format: 'raw',
    diskBytes,
    read: ({ wanted, signal }) => readExtents(file, wanted === 'all' ? [{ start: 0, end: diskBytes }] : wanted, signal),
  };
}

async function* readExtents(file: string, extents: readonly Extent[], signal: AbortSignal): AsyncIterable<Piece> {
  await using handle = await open(file);
  // While one is hashed and copied, the next is read into the other.
  const [one, other] = [Buffer.allocUnsafeSlow(readBytes), Buffer.allocUnsafeSlow(readBytes)];
  let ahead: Promise<Piece> | undefined;
  let memory = one;
  for (const extent of inSteps(extents)) {
    const reading = readWhole(handle, file, memory.subarray(0, extent.end - extent.start), extent.start);
    // Whoever stops asking never awaits it.
    reading.catch(() => undefined);
    memory = memory === one ? other : one;
    signal.throwIfAborted();
    if (ahead !== undefined) yield await ahead;
    ahead = reading;
  }
  if (ahead !== undefined) yield await ahead;
}

function* inSteps(extents: readonly Extent[]): Iterable<Extent> {
  for (const { start, end } of extents) {
    for (let at = start; at < end; at += readBytes) yield { start: at, end: Math.min(at + readBytes, end) };
  }
}

async function readWhole(handle: FileHandle, file: string, bytes: Buffer, start: number): Promise<Piece> {
  for (let filled = 0; filled < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) throw cutShort(file, `it ends after ${start + filled} bytes`);
    filled += bytesRead;
  }
  return { start, bytes };
}
