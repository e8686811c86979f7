import { flashBudgets, type FlashBudgets } from './budgets.ts';
import { roundUp, type Piece } from './extents.ts';
import { Patience } from './patience.ts';
import type { Target } from './target.ts';

/**
 * Written bytes after which a flush is begun beside the writes. Without any, all that a cache took waits for the one at the end, while the
 * medium had nothing to do.
 */
const flushEvery = 64 * 1024 * 1024;

/** Zeros are left out in blocks of this many bytes: smaller gaps would only make more and smaller writes. */
const zeroBlock = 64 * 1024;
const zeros = Buffer.alloc(zeroBlock);

export interface WriterOptions {
  target: Target;
  /** Aligned buffers: one is filled while the others are on their way. */
  ring: readonly Uint8Array[];
  /** `written`: zeros are data. `left out`: the target has them already. */
  zeros: 'written' | 'left out';
  budgets?: FlashBudgets;
  signal: AbortSignal;
  /** Bytes that are done with: written, or zeros that were left out. */
  onDone?: (bytes: number) => void;
}

/**
 * Gathers what comes front to back into large aligned writes, several of which are under way at once. A failed write is thrown at the
 * next call.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #budgets: FlashBudgets;
  readonly #free: Uint8Array[];
  readonly #underWay = new Set<Promise<void>>();
  #current: { start: number; memory: Uint8Array; filled: number } | undefined;
  #flushing: Promise<void> | undefined;
  #unflushed = 0;
  #failure: { cause: unknown } | undefined;
  /** Bytes that went to the target. */
  written = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#budgets = options.budgets ?? flashBudgets;
    this.#free = [...options.ring];
  }

  /** Copies a piece; waits where all buffers are on their way. Where it doesn't go on from the last one, it starts at an aligned place. */
  async append({ start, bytes }: Piece): Promise<void> {
    if (this.#current !== undefined && this.#current.start + this.#current.filled !== start) this.#send(this.#current);
    for (let done = 0; done < bytes.length;) {
      const current = (this.#current ??= { start: start + done, memory: await this.#buffer(), filled: 0 });
      const part = bytes.subarray(done, done + current.memory.length - current.filled);
      current.memory.set(part, current.filled);
      current.filled += part.length;
      done += part.length;
      if (current.filled === current.memory.length) this.#send(current);
    }
  }

  /** Resolves when all that was appended is on the medium. */
  async finish(): Promise<void> {
    if (this.#current !== undefined) this.#send(this.#current);
    await Promise.all(this.#underWay);
    await this.#flushing;
    this.#throwFailure();
    await this.#flush();
    this.#throwFailure();
  }

  /** After a failure: resolves when no write is under way any more, or their budgets are spent. */
  async settle(): Promise<void> {
    this.#current = undefined;
    await Promise.all(this.#underWay);
    await this.#flushing;
  }

  async #buffer(): Promise<Uint8Array> {
    for (;;) {
      this.#throwFailure();
      this.#options.signal.throwIfAborted();
      const memory = this.#free.pop();
      if (memory !== undefined) return memory;
      await Promise.race(this.#underWay);
    }
  }

  #send({ start, memory, filled }: { start: number; memory: Uint8Array; filled: number }): void {
    this.#current = undefined;
    const { target, zeros, onDone } = this.#options;
    const length = roundUp(filled, target.sector);
    memory.fill(0, filled, length);
    const runs = zeros === 'written' ? [{ start: 0, end: length }] : dataRuns(memory.subarray(0, length));
    const write = async () => {
      for (const { start: from, end: to } of runs) {
        using patience = new Patience({
          awaited: `a write of ${to - from} bytes to ${target.path}`,
          budget: this.#budgets.transfer,
          seen: () => 'the kernel is still at it',
          advice: 'Look at the kernel’s log for errors of the disk or its USB port; replace the medium or its reader.',
        });
        await patience.for(target.write(memory.subarray(from, to), start + from));
        this.written += to - from;
        this.#unflushed += to - from;
      }
      onDone?.(filled);
      this.#free.push(memory);
      if (this.#unflushed >= flushEvery) this.#flushing ??= this.#flush().finally(() => (this.#flushing = undefined));
    };
    this.#track(write());
  }

  /** Never rejects: whoever comes next throws what failed first. */
  #track(work: Promise<void>): void {
    const tracked = work
      .catch((cause: unknown) => {
        this.#failure ??= { cause };
      })
      .finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  async #flush(): Promise<void> {
    this.#unflushed = 0;
    const { target } = this.#options;
    using patience = new Patience({
      awaited: `a flush of ${target.path}`,
      budget: this.#budgets.flush,
      seen: () => 'the kernel is still at it',
      advice: 'Look at the kernel’s log for errors of the disk or its USB port; replace the medium or its reader.',
    });
    try {
      await patience.for(target.flush());
    } catch (cause) {
      this.#failure ??= { cause };
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.cause;
  }
}

/** Where a buffer holds anything but long runs of zeros. */
function dataRuns(memory: Uint8Array): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = [];
  for (let start = 0; start < memory.length; start += zeroBlock) {
    const end = Math.min(start + zeroBlock, memory.length);
    if (zeros.compare(memory, start, end, 0, end - start) === 0) continue;
    const last = runs.at(-1);
    if (last?.end === start) last.end = end;
    else runs.push({ start, end });
  }
  return runs;
}
