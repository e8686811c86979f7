import { realpath, stat } from 'node:fs/promises';
import { ImageError } from '../../qemu/index.ts';
import { alignedBuffers } from './aligned-memory.ts';
import { findBmap, readBmap, type Bmap } from './bmap.ts';
import { flashBudgets, type FlashBudgets } from './budgets.ts';
import { TargetRefused } from './errors.ts';
import { Patience } from './patience.ts';
import type { FlashProgress } from './progress.ts';
import type { ImageSource } from './source.ts';
import { openSource } from './sources/open.ts';
import { Transfer } from './transfer.ts';
import type { PartitionsSeen, Target } from './target.ts';
import { backingFile } from './targets/block-devices.ts';
import { openTarget } from './targets/open.ts';
import type { BlockRules } from './targets/safety.ts';

export interface FlashRequest {
  /** A raw disk image, as it is or packed with gzip, zstd or xz. */
  image: string;
  /** A whole disk that nothing uses, or a file: a new one, or one that stands for a disk of its size. */
  target: string;
  /** The image's bmap file. Default `beside`: the one that lies beside the image, if there is one. */
  bmap?: { file: string } | 'beside' | 'none';
  /** Default `read-back`: what was written is read again, past the page cache where the target's file system can, and compared. */
  verify?: 'read-back' | 'none';
  rules?: BlockRules;
  budgets?: Partial<FlashBudgets>;
  /** At most four times a second, and at the end of each step. */
  onProgress?: (progress: FlashProgress) => void;
  signal?: AbortSignal;
}

export interface Flashed {
  /** The image's size unpacked. */
  diskBytes: number;
  /** What of it a bmap maps; all of it without one. */
  mappedBytes: number;
  /** What went to the target: less than was mapped where long runs of zeros were there already. */
  writtenBytes: number;
  /** Of the whole unpacked image, in hex. Undefined with a bmap: then each mapped range was compared with its own checksum instead. */
  sha256: string | undefined;
  /** The bmap file that was used. */
  bmap: string | undefined;
  /** What the read-back saw: `medium` past the page cache, `cache` where the target's file system allows no direct I/O. */
  readBack: 'medium' | 'cache' | 'none';
  partitions: PartitionsSeen;
  seconds: { write: number; verify: number };
}

/** Memory for transfers: one buffer is filled while three are on their way, each large enough for a card's whole erase block (4 MiB). */
const ringBuffers = 4;
const ringBufferBytes = 4 * 1024 * 1024;

/**
 * Writes a flash image. The target's first MiB is zeroed before anything else and written after all the rest was read back: whatever
 * ends this in between, an error, an abort, a power cut, leaves nothing that boots.
 *
 * Throws, before anything is written: ImageError for an image or bmap that can't be used, TargetRefused for a target that may not be or is
 * too small. Later: ImageError for an image that turns out cut short or damaged, FlashFailed, ReadBackDiffers, AwaitedTooLong, the signal's reason.
 */
export async function flash(request: FlashRequest): Promise<Flashed> {
  const signal = request.signal ?? new AbortController().signal;
  const budgets = { ...flashBudgets, ...request.budgets };
  signal.throwIfAborted();

  // 1. Whatever can be known is asked before anything is touched.
  const source = await openSource(request.image);
  const bmap = await chosenBmap(request);
  demandOneImage(source, bmap);
  await demandAnother(request);

  // 2. The target, ours alone from here on.
  const target = await openTarget(request.target, request.rules ?? {});
  let transfer: Transfer | undefined;
  try {
    demandRoom(target, request.image, bmap?.imageBytes ?? source.diskBytes);
    const ring = alignedBuffers(ringBuffers, ringBufferBytes);
    transfer = new Transfer({ source, bmap, target, ring, budgets, signal, onProgress: request.onProgress });

    // 3. All but the first MiB, then a look at what the medium has of it.
    const write = await transfer.writeBody();
    const verify = request.verify === 'none' ? 0 : await transfer.verifyBody();

    // 4. The first MiB makes a whole of it.
    signal.throwIfAborted();
    await transfer.writeHead(request.verify ?? 'read-back');
    return {
      ...transfer.figures(),
      bmap: bmap?.file,
      readBack: request.verify === 'none' ? 'none' : target.direct ? 'medium' : 'cache',
      partitions: await target.keep(signal),
      seconds: { write, verify },
    };
  } catch (error) {
    await transfer?.settle();
    await letGo(target, budgets);
    signal.throwIfAborted();
    throw error;
  }
}

async function chosenBmap({ bmap = 'beside', image }: FlashRequest): Promise<Bmap | undefined> {
  if (bmap === 'none') return undefined;
  const file = bmap === 'beside' ? await findBmap(image) : bmap.file;
  return file === undefined ? undefined : readBmap(file);
}

function demandOneImage({ file, format, diskBytes }: ImageSource, bmap: Bmap | undefined): void {
  if (bmap === undefined || diskBytes === undefined) return;
  // A zstd file tells the size of its first frame only.
  if (format === 'zstd' ? diskBytes <= bmap.imageBytes : diskBytes === bmap.imageBytes) return;
  const sizes = `${bmap.imageBytes.toLocaleString('en-US')} bytes, and the image has ${diskBytes.toLocaleString('en-US')}`;
  throw new ImageError(bmap.file, 'damaged', `${bmap.file} isn't the bmap file of ${file}: it maps ${sizes}`, {
    advice: 'Make it anew (bmaptool create), or leave it out (--no-bmap).',
  });
}

async function demandAnother({ image, target }: FlashRequest): Promise<void> {
  const [one, other] = await Promise.all([stat(image), stat(target).catch(() => undefined)]);
  const isLoopOverIt = other?.isBlockDevice() === true && (await backingFile(target)) === (await realpath(image));
  if (!isLoopOverIt && (one.ino !== other?.ino || one.dev !== other.dev)) return;
  throw new TargetRefused(`${target} is the image itself`, { advice: 'Name the disk or file to write it onto.' });
}

function demandRoom({ path, capacity }: Target, image: string, bytes = 0): void {
  if (capacity === undefined || bytes <= capacity) return;
  const sizes = `${image} has ${bytes.toLocaleString('en-US')} bytes, and ${path} ${capacity.toLocaleString('en-US')}`;
  throw new TargetRefused(`the image doesn't fit: ${sizes}`, { advice: 'Take a larger card or disk.' });
}

/** Closes the target of a flash that failed. A disk that hangs keeps its descriptor: the failure is told all the same. */
async function letGo(target: Target, { letGo }: FlashBudgets): Promise<void> {
  using patience = new Patience({ awaited: `${target.path} to close`, budget: letGo, seen: () => 'it hangs', advice: 'Unplug it.' });
  await patience.for(target.abandon()).catch(() => undefined);
}
