import { alignedBuffers } from './aligned-memory.ts';
import type { Piece } from './extents.ts';

/**
 * The part of a disk that is zeroed first and written last: what every loader that we know begins with. The MBR and the GPT, GRUB's core image,
 * the AM335x boot ROM's four places up to 0x60000 (its manual, 26.1.8.5.5), i.MX at 1 or 33 KiB, Rockchip at 32 KiB, Allwinner at 8 and 128 KiB.
 * The firmware of a Raspberry Pi finds its partition by the MBR.
 */
export const headBytes = 1024 * 1024;

/** Keeps an image's head back until all the rest is on the medium. */
export class Head {
  /** Aligned, zeros where nothing came. */
  readonly memory: Uint8Array;
  readonly zeros: Uint8Array;
  /** For what the medium has of it. */
  readonly seen: Uint8Array;

  constructor() {
    const [memory, zeros, seen] = alignedBuffers(3, headBytes);
    this.memory = memory!;
    this.zeros = zeros!;
    this.seen = seen!;
  }

  /** Keeps what belongs to the head, and gives the rest. */
  take({ start, bytes }: Piece): Piece {
    if (start >= headBytes) return { start, bytes };
    this.memory.set(bytes.subarray(0, headBytes - start), start);
    return { start: headBytes, bytes: bytes.subarray(headBytes - start) };
  }
}
