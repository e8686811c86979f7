import type { FileHandle } from 'node:fs/promises';
import { FlashFailed } from '../errors.ts';

/** A kernel may write less than it was asked to: at a signal, or at an error behind the part that it wrote. */
async function writeWhole(handle: FileHandle, memory: Uint8Array, start: number): Promise<void> {
  for (let done = 0; done < memory.length;) {
    const { bytesWritten } = await handle.write(memory, done, memory.length - done, start + done);
    done += bytesWritten;
  }
}

/** The number of bytes that there are up to the end of the file or disk. */
async function readWhole(handle: FileHandle, memory: Uint8Array, start: number, sector: number): Promise<number> {
  let done = 0;
  while (done < memory.length) {
    const { bytesRead } = await handle.read(memory, done, memory.length - done, start + done);
    done += bytesRead;
    // The end, or a part of a sector before it: direct I/O couldn't go on from there.
    if (bytesRead === 0 || bytesRead % sector !== 0) return done;
  }
  return done;
}

/** Transfers to and from an open disk or file. What fails is told with the disk and the place, for the kernel's word names neither. */
export abstract class HandleTransfers {
  abstract readonly path: string;
  abstract readonly sector: number;
  protected readonly handle: FileHandle;

  constructor(handle: FileHandle) {
    this.handle = handle;
  }

  write(memory: Uint8Array, start: number): Promise<void> {
    return this.#told(writeWhole(this.handle, memory, start), `was written at byte ${start.toLocaleString('en-US')}`);
  }

  read(memory: Uint8Array, start: number): Promise<number> {
    return this.#told(readWhole(this.handle, memory, start, this.sector), `was read at byte ${start.toLocaleString('en-US')}`);
  }

  flush(): Promise<void> {
    return this.#told(this.handle.datasync(), 'put its cache onto its medium');
  }

  async #told<T>(transfer: Promise<T>, when: string): Promise<T> {
    try {
      return await transfer;
    } catch (cause) {
      const seen = cause instanceof Error ? cause.message : String(cause);
      throw new FlashFailed(`${this.path} failed when it ${when}: ${seen}`, {
        advice:
          'Is the card still in its reader? See the kernel’s log (dmesg); flash it again, and replace the medium or its reader if that happens twice.',
        cause,
      });
    }
  }
}
