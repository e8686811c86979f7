export interface FlashProgress {
  step: 'write' | 'verify';
  /** Bytes of the disk that are done; with a bmap, of its mapped ranges. */
  doneBytes: number;
  /** Equal to `doneBytes` once, at the step's end. Undefined while nobody knows: a gzip file doesn't tell how large its disk is. */
  totalBytes: number | undefined;
  /** Since the step began. */
  bytesPerSecond: number;
  /** Seconds left at that rate. */
  secondsLeft: number | undefined;
}

/** Milliseconds between two reports: often enough for an eye. */
const interval = 250;

/** Counts what is done of one step and reports it, at most four times a second, and at its end. */
export class Progress {
  readonly #step: FlashProgress['step'];
  #totalBytes: number | undefined;
  readonly #report: ((progress: FlashProgress) => void) | undefined;
  readonly #began = performance.now();
  #doneBytes = 0;
  #reported = performance.now();

  constructor(step: FlashProgress['step'], totalBytes: number | undefined, report: ((progress: FlashProgress) => void) | undefined) {
    this.#step = step;
    this.#totalBytes = totalBytes;
    this.#report = report;
  }

  add(bytes: number): void {
    this.#doneBytes += bytes;
    // The last of them is told by `end`, when nothing is under way any more.
    if (this.#doneBytes !== this.#totalBytes && performance.now() - this.#reported >= interval) this.#tell();
  }

  /** Tells that all is done. Returns the step's seconds. */
  end(): number {
    this.#totalBytes = this.#doneBytes;
    this.#tell();
    return this.#seconds();
  }

  #tell(): void {
    this.#reported = performance.now();
    const doneBytes = this.#doneBytes;
    const bytesPerSecond = doneBytes / Math.max(this.#seconds(), 0.001);
    // A zstd file of several frames announces less than it holds.
    const totalBytes = this.#totalBytes !== undefined && doneBytes <= this.#totalBytes ? this.#totalBytes : undefined;
    const secondsLeft = totalBytes === undefined || doneBytes === 0 ? undefined : (totalBytes - doneBytes) / bytesPerSecond;
    this.#report?.({ step: this.#step, doneBytes, totalBytes, bytesPerSecond, secondsLeft });
  }

  #seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }
}
