import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const noted = z.object({ device: z.string(), pid: z.int(), since: z.iso.datetime() });
export type BeingWritten = z.infer<typeof noted>;

/** Where a host remembers, over the end of any process, which cards are being written. */
export const notesDirectory = (): string => join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'boardwalk/cards');

/** The note that a disk's content isn't whole: there from before the first byte until after the last. */
export class WrittenNote {
  readonly #file: string;

  constructor(disk: string, directory: string = notesDirectory()) {
    this.#file = join(directory, `${encodeURIComponent(disk)}.json`);
  }

  async put(note: BeingWritten): Promise<void> {
    await mkdir(join(this.#file, '..'), { recursive: true });
    const unfinished = `${this.#file}.${process.pid}`;
    await writeFile(unfinished, `${JSON.stringify(note)}\n`, { flush: true });
    await rename(unfinished, this.#file);
  }

  /** Who writes or wrote it; undefined if it is whole. A note that can't be read is one all the same. */
  async read(): Promise<Partial<BeingWritten> | undefined> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return noted.parse(JSON.parse(text));
    } catch {
      return {};
    }
  }

  async remove(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}
