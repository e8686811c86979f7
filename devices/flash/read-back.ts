import { flashBudgets, type FlashBudgets } from './budgets.ts';
import type { Digests, Mark } from './digests.ts';
import { ReadBackDiffers } from './errors.ts';
import { roundUp, type Extent } from './extents.ts';
import { Patience } from './patience.ts';
import type { Target } from './target.ts';

export interface ReadBackOptions {
  target: Target;
  /** What is read, ascending and aligned; an extent may end in the middle of a sector at the disk's end. */
  extents: readonly Extent[];
  /** Takes what was read; its marks go through `compared`. */
  digests: Digests;
  /** Aligned buffers: one is looked at while the others are filled. */
  ring: readonly Uint8Array[];
  budgets?: FlashBudgets;
  signal: AbortSignal;
  onDone?: (bytes: number) => void;
}

/** Reads a target front to back into checksums. Throws ReadBackDiffers where it ends too early. */
export async function readBack(options: ReadBackOptions): Promise<void> {
  const { target, digests, signal, onDone } = options;
  using patience = new Patience({
    awaited: `a read of ${target.path}`,
    budget: (options.budgets ?? flashBudgets).transfer,
    seen: () => 'the kernel is still at it',
    advice: 'Look at the kernel’s log for errors of the disk or its USB port; replace the medium or its reader.',
    signal,
  });
  const free = [...options.ring];
  const ahead: { extent: Extent; memory: Uint8Array; reading: Promise<number> }[] = [];
  const lookAtFirst = async () => {
    const { extent, memory, reading } = ahead.shift()!;
    const length = extent.end - extent.start;
    const bytesRead = await patience.for(reading);
    if (bytesRead < length) throw new ReadBackDiffers(target.path, extent, `can't be read: it ends after ${extent.start + bytesRead}`);
    digests.take({ start: extent.start, bytes: memory.subarray(0, length) });
    onDone?.(length);
    free.push(memory);
  };
  for (const extent of inSteps(options.extents, free[0]?.length ?? 0)) {
    if (free.length === 0) await lookAtFirst();
    const memory = free.pop()!;
    const reading = target.read(memory.subarray(0, roundUp(extent.end - extent.start, target.sector)), extent.start);
    // One that fails while an earlier one is looked at is told when its turn comes, or never.
    reading.catch(() => undefined);
    ahead.push({ extent, memory, reading });
  }
  while (ahead.length > 0) await lookAtFirst();
  digests.end();
}

/** Takes marks of a second pass, and throws ReadBackDiffers at the first that isn't as in the first pass. */
export function compared(target: string, first: readonly Mark[]): (mark: Mark) => void {
  let next = 0;
  return (mark) => {
    const expected = first[next];
    next += 1;
    if (expected?.start === mark.start && expected.end === mark.end && expected.digest === mark.digest) return;
    throw new ReadBackDiffers(target, mark, `have the checksum ${mark.digest.slice(0, 12)}… instead of ${expected?.digest.slice(0, 12)}…`);
  };
}

function* inSteps(extents: readonly Extent[], step: number): Iterable<Extent> {
  for (const { start, end } of extents) {
    for (let at = start; at < end; at += step) yield { start: at, end: Math.min(at + step, end) };
  }
}
