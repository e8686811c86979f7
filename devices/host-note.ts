import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { z } from 'zod';

/** Where a host keeps what must outlive any process of boardwalk's. */
const stateDirectory = (): string => join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'boardwalk');

/** A note of this host's about one thing: there, whole, from put() until remove(), whatever becomes of the process that put it. */
export class HostNote<T> {
  readonly #file: string;
  readonly #schema: z.ZodType<T>;

  /** @param kind of notes, a folder of its own. @param directory where the kinds are; default: by XDG. */
  constructor(kind: string, thing: string, schema: z.ZodType<T>, directory: string = stateDirectory()) {
    this.#file = join(directory, kind, `${encodeURIComponent(thing)}.json`);
    this.#schema = schema;
  }

  async put(note: T): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true });
    const unfinished = `${this.#file}.${process.pid}`;
    await writeFile(unfinished, `${JSON.stringify(note)}\n`, { flush: true });
    await rename(unfinished, this.#file);
  }

  /** Undefined if there is none. One that can't be read is one all the same. */
  async read(): Promise<T | Record<string, never> | undefined> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return this.#schema.parse(JSON.parse(text));
    } catch {
      return {};
    }
  }

  async remove(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}
