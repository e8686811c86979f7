import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** Compresses a kernel as loaders unpack it by themselves. */
export async function compressKernel(source: string, target: string, _scratch: string, signal: AbortSignal | undefined): Promise<void> {
  await pipeline(createReadStream(source), createGzip({ level: 9 }), createWriteStream(target), { signal });
}
