import { constants } from 'node:fs';
import { open, rm, stat, type FileHandle } from 'node:fs/promises';
import { alignment } from '../aligned-memory.ts';
import { TargetRefused } from '../errors.ts';
import type { PartitionsSeen, Target } from '../target.ts';
import { HandleTransfers } from './transfers.ts';

/**
 * A file: a new or empty one becomes as large as the image, with holes where that has zeros; one that has a size stands for a disk of
 * that size.
 */
export async function openFileTarget(path: string): Promise<Target> {
  const before = await stat(path).catch(() => undefined);
  const { handle, direct } = await openDirect(path).catch((cause: unknown) => {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new TargetRefused(`${path} can't be written (${message})`, { advice: 'Check the path and its permissions.', cause });
  });
  return new FileTarget(path, handle, { direct, bytesBefore: before?.size });
}

async function openDirect(path: string): Promise<{ handle: FileHandle; direct: boolean }> {
  const flags = constants.O_RDWR | constants.O_CREAT;
  try {
    return { handle: await open(path, flags | constants.O_DIRECT, 0o600), direct: true };
  } catch (error) {
    // Not every file system can: FUSE's and older tmpfs answer EINVAL (man 2 open).
    if (!(error instanceof Error && 'code' in error && error.code === 'EINVAL')) throw error;
    return { handle: await open(path, flags, 0o600), direct: false };
  }
}

class FileTarget extends HandleTransfers implements Target {
  readonly path: string;
  readonly capacity: number | undefined;
  readonly sector = alignment;
  readonly direct: boolean;
  readonly #bytesBefore: number | undefined;
  #bytes: number;

  constructor(path: string, handle: FileHandle, facts: { direct: boolean; bytesBefore: number | undefined }) {
    super(handle);
    this.path = path;
    this.direct = facts.direct;
    this.#bytesBefore = facts.bytesBefore;
    this.capacity = facts.bytesBefore || undefined;
    this.#bytes = facts.bytesBefore ?? 0;
  }

  async blank(): Promise<boolean> {
    return this.capacity === undefined;
  }

  async end(diskBytes: number): Promise<void> {
    this.#bytes = this.capacity ?? diskBytes;
    await this.handle.truncate(this.#bytes);
  }

  async keep(): Promise<PartitionsSeen> {
    // Transfers are whole sectors, and may have gone past the end.
    await this.handle.truncate(this.#bytes);
    await this.handle.sync();
    await this.handle.close();
    return 'not';
  }

  async abandon(): Promise<void> {
    // A part of an image would be taken for a disk of its size the next time.
    await this.handle.truncate(this.#bytesBefore ?? 0);
    await this.handle.close();
    if (this.#bytesBefore === undefined) await rm(this.path, { force: true });
  }
}
