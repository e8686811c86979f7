import type { PartitionsSeen, Target } from '../target.ts';

/** A disk in memory that remembers what was done to it, and in which order. */
export class FakeTarget implements Target {
  readonly path = 'a fake disk';
  readonly capacity: number;
  readonly sector = 4096;
  readonly direct = true;
  readonly content: Buffer;
  readonly done: ({ write: number; bytes: number } | 'flush' | 'keep' | 'abandon')[] = [];
  /** Called before each write; what it throws or never resolves is the disk's fault. */
  beforeWrite: (start: number) => Promise<void> | void = () => undefined;

  /** @param fill what is on it at first. */
  constructor(capacity: number, fill = 0xff) {
    this.capacity = capacity;
    this.content = Buffer.alloc(capacity, fill);
  }

  async blank(): Promise<boolean> {
    return false;
  }

  async write(memory: Uint8Array, start: number): Promise<void> {
    await this.beforeWrite(start);
    this.done.push({ write: start, bytes: memory.length });
    this.content.set(memory, start);
  }

  async read(memory: Uint8Array, start: number): Promise<number> {
    return this.content.copy(memory, 0, start, start + memory.length);
  }

  async flush(): Promise<void> {
    this.done.push('flush');
  }

  async end(): Promise<void> {
    // A disk has its size.
  }

  async keep(): Promise<PartitionsSeen> {
    this.done.push('keep');
    return 'not';
  }

  async abandon(): Promise<void> {
    this.done.push('abandon');
  }
}
