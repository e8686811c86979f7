import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { takeCustody, type Custody } from '../../qemu/index.ts';
import type { SectionContext } from './row.ts';

/** Milliseconds that one program may take, and that something it brings may be awaited; the longest peer takes half of it. */
const budget = 80_000;
const startBudget = 10_000;
/** Milliseconds between two looks. */
const lookEvery = 20;

const peers = new URL('peers/', import.meta.url);

/** Why there is no figure of a peer. */
export interface Missing {
  missing: string;
}

const missing = z.object({ missing: z.string() });

/** Programs that a section starts. However it ends, and this process too, they end with it, and whatever they started. */
export class Programs implements AsyncDisposable {
  readonly directory: string;
  readonly #custody: Custody;
  readonly #signal: AbortSignal;
  #count = 0;

  static async open({ directory, signal }: SectionContext): Promise<Programs> {
    return new Programs(directory, await takeCustody({ root: directory, name: 'bench' }), signal);
  }

  private constructor(directory: string, custody: Custody, signal: AbortSignal) {
    this.directory = directory;
    this.#custody = custody;
    this.#signal = signal;
  }

  /** A program that runs until the section ends. */
  async start(command: string, args: readonly string[]): Promise<void> {
    const { child } = this.#spawn(command, args);
    await once(child, 'spawn');
  }

  /** Runs a program to its end; rejects unless it ends well, with what it said. */
  async finish(command: string, args: readonly string[]): Promise<string> {
    const { child, output } = this.#spawn(command, args);
    const late = AbortSignal.any([this.#signal, AbortSignal.timeout(budget)]);
    const end = () => this.#custody.disown(child);
    late.addEventListener('abort', end);
    try {
      const [code]: unknown[] = await once(child, 'close');
      this.#signal.throwIfAborted();
      const said = await readFile(output, 'utf8');
      if (code === 0) return said;
      const how = late.aborted ? `it took longer than ${budget / 1000} s` : `exit code ${String(code)}`;
      const last = (said.trim().split('\n').at(-1) ?? '').slice(0, 200);
      throw new ProgramFailed(`${[command, ...args].join(' ').slice(0, 200)}: ${how}${last === '' ? '' : `: ${last}`}`);
    } finally {
      late.removeEventListener('abort', end);
      end();
    }
  }

  /** What a peer says of itself, or why it says nothing. */
  async peer<T>(name: string, args: readonly string[], answer: z.ZodType<T>): Promise<T | Missing> {
    const python = await programAt(pythons);
    if (python === undefined) return { missing: 'python3 is not installed: apt-get install python3 labgrid' };
    try {
      const said = await this.finish(python, [new URL(name, peers).pathname, ...args]);
      const line: unknown = JSON.parse(said.split('\n').findLast((line) => line.startsWith('{')) ?? 'null');
      const none = missing.safeParse(line);
      if (none.success) return { missing: `${none.data.missing} is not installed: apt-get install ${none.data.missing}` };
      return answer.parse(line);
    } catch (error) {
      if (error instanceof ProgramFailed) return { missing: error.message };
      throw error;
    }
  }

  /** A terminal that leads to a program over a line of so many bytes a second; undefined without a python3. */
  async uart(bytesPerSecond: number, program: readonly string[]): Promise<string | undefined> {
    const python = await programAt(pythons);
    if (python === undefined) return undefined;
    const link = join(this.directory, `tty-${(this.#count += 1)}`);
    await this.start(python, [new URL('uart.py', peers).pathname, link, String(bytesPerSecond), ...program]);
    await this.until(`the UART's double ${link}`, async () => isThere(link));
    return link;
  }

  /** Resolves once it is so. */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (const end = performance.now() + startBudget; ;) {
      if (await isSo()) return;
      if (performance.now() > end) throw new ProgramFailed(`${what} was not there within ${startBudget / 1000} s`);
      await pause(lookEvery, undefined, { signal: this.#signal });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#custody.release();
  }

  #spawn(command: string, args: readonly string[]) {
    this.#signal.throwIfAborted();
    const output = join(this.directory, `output-${(this.#count += 1)}`);
    const guarded = this.#custody.guard(command, args, output);
    return { child: spawn(guarded.command, guarded.args, { detached: true, stdio: 'ignore' }), output };
  }
}

/** A program of the benchmark did not come up, or ended badly. */
export class ProgramFailed extends Error {
  override readonly name = 'ProgramFailed';
}

/** Debian's packages belong to Debian's own python3, which needn't be the first of the path. */
const pythons = ['/usr/bin/python3', 'python3'];

/** The first of these that can be executed: an absolute path, or a name that is looked for in the path. */
export async function programAt(names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const places = name.includes('/') ? [name] : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
    for (const place of places) if (await isThere(place, constants.X_OK)) return place;
  }
  return undefined;
}

async function isThere(path: string, mode = constants.F_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
