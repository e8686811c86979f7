import { demandPartitionTable } from '../../qemu/index.ts';
import { alignment } from './aligned-memory.ts';
import type { Bmap, MappedRange } from './bmap.ts';
import type { FlashBudgets } from './budgets.ts';
import { DiskDigest, RangeDigests, type Digests, type Mark } from './digests.ts';
import { FlashFailed, ReadBackDiffers } from './errors.ts';
import { behind, Cutter, roundUp, totalBytes, widened, type Extent, type Piece } from './extents.ts';
import { Head, headBytes } from './head.ts';
import { Patience } from './patience.ts';
import { Progress, type FlashProgress } from './progress.ts';
import { compared, readBack } from './read-back.ts';
import type { ImageSource } from './source.ts';
import { cutShort, damaged } from './sources/faults.ts';
import type { Target } from './target.ts';
import { Writer } from './writer.ts';

export interface TransferOptions {
  source: ImageSource;
  bmap: Bmap | undefined;
  target: Target;
  ring: readonly Uint8Array[];
  budgets: FlashBudgets;
  signal: AbortSignal;
  onProgress: ((progress: FlashProgress) => void) | undefined;
}

/** One image on its way onto one target: its body (all but the first MiB) written, the body verified, its head written. */
export class Transfer {
  readonly #options: TransferOptions;
  readonly #head = new Head();
  /** What of the image is written and read back, in transferable steps; undefined for all of it. */
  readonly #wanted: readonly Extent[] | undefined;
  readonly #marks: Mark[] = [];
  #writer: Writer | undefined;
  #diskBytes = 0;
  /** Where the disk ends at the earliest, by its partition table. */
  #endsAt = 0;
  #headBegun = false;

  constructor(options: TransferOptions) {
    this.#options = options;
    const { bmap } = options;
    this.#wanted = bmap && widened(bmap.ranges, alignment, bmap.imageBytes);
  }

  /** Unpacks, checks and writes the body, and waits until the medium has it. Returns the seconds. */
  async writeBody(): Promise<number> {
    const { source, bmap, target, signal, onProgress } = this.#options;
    const wanted = this.#wanted;
    const progress = new Progress('write', wanted ? totalBytes(wanted) : source.diskBytes, onProgress);
    const digests = this.#digests((mark, range) => {
      this.#demandChecksum(mark, range?.checksum);
      this.#marks.push(mark);
    });
    const body = wanted && new Cutter(behind(wanted, headBytes));
    // Then nothing that follows the last range could make a difference.
    const provenByRanges = bmap?.ranges.every(({ checksum }) => checksum !== undefined) ?? false;
    let end = 0;
    for await (const piece of this.#patiently(source.read({ wanted: wanted ?? 'all', signal }))) {
      signal.throwIfAborted();
      end = piece.start + piece.bytes.length;
      this.#demandRoom(end);
      digests.take(piece);
      const rest = this.#head.take(piece);
      if (rest.bytes.length > 0) {
        this.#writer ??= await this.#begin(progress);
        for (const part of body?.cut(rest) ?? [rest]) await this.#writer.append(part);
      }
      if (provenByRanges && this.#marks.length === bmap?.ranges.length) break;
    }
    digests.end();
    if (bmap !== undefined && this.#marks.length < bmap.ranges.length) {
      throw cutShort(source.file, `its bmap file maps ${bmap.imageBytes} bytes, and it ends after ${end}`);
    }
    this.#diskBytes = bmap?.imageBytes ?? end;
    // An image that fits into its head hasn't begun yet.
    this.#writer ??= await this.#begin(progress);
    if (this.#diskBytes < this.#endsAt)
      throw cutShort(source.file, `its partition table announces ${this.#endsAt} bytes, and it ends after ${end}`);
    await this.#writer.finish();
    await target.end(this.#diskBytes);
    return progress.end();
  }

  /** Reads the body back. Returns the seconds. Throws ReadBackDiffers. */
  async verifyBody(): Promise<number> {
    const { target, ring, budgets, signal, onProgress } = this.#options;
    const extents = behind(this.#wanted ?? [{ start: 0, end: this.#diskBytes }], headBytes);
    const progress = new Progress('verify', totalBytes(extents), onProgress);
    const digests = this.#digests(compared(target.path, this.#marks));
    // The head isn't there yet: its checksum goes on from memory.
    digests.take({ start: 0, bytes: this.#head.memory.subarray(0, this.#diskBytes) });
    await readBack({ target, extents, digests, ring, budgets, signal, onDone: (bytes) => progress.add(bytes) });
    return progress.end();
  }

  /** Writes the first MiB, by which the target becomes bootable, and reads it back. */
  async writeHead(verify: 'read-back' | 'none'): Promise<void> {
    const { target } = this.#options;
    const head = this.#head.memory.subarray(0, roundUp(Math.min(this.#diskBytes, headBytes), target.sector));
    this.#headBegun = true;
    await this.#onto(target.write(head, 0), 'the first MiB to be written');
    await this.#onto(target.flush(), 'the first MiB to be flushed');
    if (verify === 'none') return;
    const seen = this.#head.seen.subarray(0, head.length);
    await this.#onto(target.read(seen, 0), 'the first MiB to be read back');
    const length = Math.min(this.#diskBytes, headBytes);
    if (Buffer.compare(seen.subarray(0, length), head.subarray(0, length)) === 0) return;
    throw new ReadBackDiffers(target.path, { start: 0, end: length }, 'are others than the image’s');
  }

  /** After a failure: nothing is under way to the target any more, and its head is zeros if it was begun. */
  async settle(): Promise<void> {
    await this.#writer?.settle();
    // If even that fails, the medium takes no more writes, and what it has of a loader nobody knows.
    if (this.#headBegun) await this.#zeroHead().catch(() => undefined);
  }

  figures(): { diskBytes: number; mappedBytes: number; writtenBytes: number; sha256: string | undefined } {
    const { bmap } = this.#options;
    return {
      diskBytes: this.#diskBytes,
      mappedBytes: bmap?.mappedBytes ?? this.#diskBytes,
      writtenBytes: (this.#writer?.written ?? 0) + Math.min(this.#diskBytes, headBytes),
      sha256: bmap === undefined ? this.#marks.at(-1)?.digest : undefined,
    };
  }

  #digests(onMark: (mark: Mark, range?: MappedRange) => void): Digests {
    const { bmap } = this.#options;
    return bmap === undefined ? new DiskDigest(onMark) : new RangeDigests(bmap.ranges, bmap.algorithm, onMark);
  }

  #demandChecksum({ start, end, digest }: Mark, checksum: string | undefined): void {
    if (checksum === undefined || checksum === digest) return;
    const { source, bmap } = this.#options;
    throw damaged(source.file, `bytes ${start} to ${end} don't have the checksum that ${bmap?.file} gives`);
  }

  /** The last moment at which nothing is lost: looks at the head, then takes the target's own loader away. */
  async #begin(progress: Progress): Promise<Writer> {
    const { source, bmap, target, ring, budgets, signal } = this.#options;
    const { endsAt } = demandPartitionTable(source.file, Buffer.from(this.#head.memory.buffer, this.#head.memory.byteOffset, headBytes));
    this.#endsAt = endsAt;
    await this.#zeroHead();
    // With a bmap, what isn't mapped may stay; to zero it all would take longer than to write what is.
    const blank = bmap === undefined && (await target.blank(source.diskBytes, signal));
    const wanted = this.#wanted ?? [{ start: 0, end: source.diskBytes ?? headBytes }];
    progress.add(totalBytes(wanted) - totalBytes(behind(wanted, headBytes)));
    return new Writer({ target, ring, zeros: blank ? 'left out' : 'written', budgets, signal, onDone: (bytes) => progress.add(bytes) });
  }

  async #zeroHead(): Promise<void> {
    const { target } = this.#options;
    const length = Math.min(headBytes, roundUp(target.capacity ?? headBytes, target.sector));
    await this.#onto(target.write(this.#head.zeros.subarray(0, length), 0), 'the first MiB to be zeroed');
    await this.#onto(target.flush(), 'the first MiB to be zeroed');
  }

  async #onto<T>(transfer: Promise<T>, what: string): Promise<T> {
    const { target, budgets } = this.#options;
    using patience = new Patience({
      awaited: `${what} on ${target.path}`,
      budget: budgets.transfer,
      seen: () => 'the kernel is still at it',
      advice: 'Look at the kernel’s log for errors of the disk or its USB port; replace the medium or its reader.',
    });
    return await patience.for(transfer);
  }

  async *#patiently(pieces: AsyncIterable<Piece>): AsyncIterable<Piece> {
    const { source, budgets, signal } = this.#options;
    let end = 0;
    const advice = 'Is its disk or share still there? Copy it to a local disk and try again.';
    const seen = () => `nothing after ${end.toLocaleString('en-US')} bytes of the disk in it`;
    using patience = new Patience({ awaited: `the next bytes of ${source.file}`, budget: budgets.source, seen, advice, signal });
    const iterator = pieces[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await patience.for(iterator.next());
        if (next.done) return;
        end = next.value.start + next.value.bytes.length;
        yield next.value;
      }
    } finally {
      using briefly = new Patience({ awaited: 'the unpacker to end', budget: budgets.letGo, seen: () => 'it hangs', advice });
      await briefly.for(Promise.resolve(iterator.return?.())).catch(() => undefined);
    }
  }

  #demandRoom(end: number): void {
    const { source, target } = this.#options;
    if (target.capacity === undefined || end <= target.capacity) return;
    throw new FlashFailed(
      `${source.file} doesn't fit: it has more than the ${target.capacity.toLocaleString('en-US')} bytes of ${target.path}`,
      {
        advice: 'Take a larger card or disk.',
      },
    );
  }
}
