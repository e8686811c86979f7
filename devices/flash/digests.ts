import { createHash, type Hash } from 'node:crypto';
import { Cutter, type Extent, type Piece } from './extents.ts';

/** A checksum that was taken when the last byte of a range went by. */
export interface Mark extends Extent {
  digest: string;
}

/** Takes checksums of what comes front to back. The same kind over the same bytes gives the same marks. */
export interface Digests {
  take(piece: Piece): void;
  /** No more comes. */
  end(): void;
}

/** How far apart the marks of a whole disk are: near enough to say where one differs, and every one costs a copy of the hash's state. */
const markBytes = 16 * 1024 * 1024;

/**
 * SHA-256 of a disk from its first byte on, looked at each 16 MiB: one pass gives both the disk's checksum, which is the last mark's,
 * and the place where two disks begin to differ.
 */
export class DiskDigest implements Digests {
  readonly #onMark: (mark: Mark) => void;
  readonly #hash = createHash('sha256');
  #position = 0;
  #marked = 0;

  constructor(onMark: (mark: Mark) => void) {
    this.#onMark = onMark;
  }

  take({ start, bytes }: Piece): void {
    if (start !== this.#position) throw new RangeError(`byte ${start} of a disk came where ${this.#position} was next`);
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.#marked + markBytes - this.#position);
      this.#hash.update(part);
      this.#position += part.length;
      at += part.length;
      if (this.#position === this.#marked + markBytes) this.#mark();
    }
  }

  end(): void {
    if (this.#position > this.#marked) this.#mark();
  }

  #mark(): void {
    const start = this.#marked;
    this.#marked = this.#position;
    this.#onMark({ start, end: this.#position, digest: this.#hash.copy().digest('hex') });
  }
}

/** A checksum of its own for each of some ranges; what lies between them isn't looked at. */
export class RangeDigests<Range extends Extent> implements Digests {
  readonly #algorithm: string;
  readonly #onMark: (mark: Mark, range: Range) => void;
  readonly #ranges: Cutter<Range>;
  #hash: Hash | undefined;

  constructor(ranges: readonly Range[], algorithm: string, onMark: (mark: Mark, range: Range) => void) {
    this.#ranges = new Cutter(ranges);
    this.#algorithm = algorithm;
    this.#onMark = onMark;
  }

  take(piece: Piece): void {
    for (const { start, bytes, of } of this.#ranges.cut(piece)) {
      this.#hash ??= createHash(this.#algorithm);
      this.#hash.update(bytes);
      if (start + bytes.length < of.end) continue;
      const digest = this.#hash.digest('hex');
      this.#hash = undefined;
      this.#onMark({ start: of.start, end: of.end, digest }, of);
    }
  }

  end(): void {
    // A range that never ended gives no mark: who compares marks misses it.
  }
}
