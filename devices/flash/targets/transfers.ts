import type { FileHandle } from 'node:fs/promises';

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

/** Transfers to and from an open disk or file. */
export abstract class HandleTransfers {
  abstract readonly sector: number;
  protected readonly handle: FileHandle;

  constructor(handle: FileHandle) {
    this.handle = handle;
  }

  write(memory: Uint8Array, start: number): Promise<void> {
    return writeWhole(this.handle, memory, start);
  }

  read(memory: Uint8Array, start: number): Promise<number> {
    return readWhole(this.handle, memory, start, this.sector);
  }

  flush(): Promise<void> {
    return this.handle.datasync();
  }
}
