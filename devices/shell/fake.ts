import { readFile, writeFile } from 'node:fs/promises';
import { AwaitedTooLong } from '../errors.ts';
import { Deadline } from './deadline.ts';
import { CommandFailed, NotOverConsole, ShellClosed } from './errors.ts';
import { quoted } from './quoted.ts';
import type { Forward, RunOptions, Shell, ShellResult } from './shell.ts';

/** What a fake shell's device says to a command; what is left out is empty, or 0. */
export interface FakeAnswer {
  stdout?: string | Uint8Array;
  stderr?: string;
  exitCode?: number;
}

export type FakeDevice = (command: string, stdin: Uint8Array, signal: AbortSignal) => FakeAnswer | Promise<FakeAnswer>;

/** A shell whose device is a function. Commands are kept, in order; an upload is `cat >'path'` with the file on stdin, as over SSH. */
export class FakeShell implements Shell {
  readonly commands: string[] = [];
  readonly #device: FakeDevice;
  #closed = false;

  constructor(device: FakeDevice) {
    this.#device = device;
  }

  async run(command: string, options: RunOptions = {}): Promise<ShellResult> {
    const { stdout = '', stderr = '', exitCode = 0, milliseconds } = await this.#ask(command, options);
    return { command, stdout: Buffer.from(stdout).toString(), stderr, exitCode, milliseconds };
  }

  async check(command: string, options: RunOptions = {}): Promise<string> {
    const result = await this.run(command, options);
    if (result.exitCode !== 0) throw new CommandFailed(result);
    return result.stdout.trimEnd();
  }

  async upload(localPath: string, remotePath: string, { mode, signal }: { mode?: number; signal?: AbortSignal } = {}): Promise<void> {
    const stdin = await readFile(localPath);
    const path = quoted(remotePath);
    const chmod = mode === undefined ? '' : ` && chmod ${mode.toString(8)} ${path}`;
    await this.check(`cat >${path}${chmod}`, { stdin, ...(signal && { signal }) });
  }

  async download(remotePath: string, localPath: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const command = `cat ${quoted(remotePath)}`;
    const { stdout = '', stderr = '', exitCode = 0, milliseconds } = await this.#ask(command, signal ? { signal } : {});
    if (exitCode !== 0) throw new CommandFailed({ command, stdout: '', stderr, exitCode, milliseconds });
    await writeFile(localPath, stdout);
  }

  async forward(): Promise<Forward> {
    throw new NotOverConsole('a fake shell forwards no ports', { blame: 'test', advice: 'Use a shell over SSH.' });
  }

  async ready({ timeout, signal }: { timeout: number; signal?: AbortSignal }): Promise<void> {
    await this.run('true', { timeout, ...(signal && { signal }) });
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async #ask(command: string, { timeout = 30_000, stdin = '', signal }: RunOptions): Promise<FakeAnswer & { milliseconds: number }> {
    if (this.#closed) throw new ShellClosed('the shell was closed', { blame: 'test', advice: 'Use a shell before its device is closed.' });
    using deadline = new Deadline(timeout, signal);
    this.commands.push(command);
    const started = performance.now();
    try {
      const answer = await deadline.race(Promise.resolve(this.#device(command, Buffer.from(stdin), deadline.signal)));
      return { ...answer, milliseconds: performance.now() - started };
    } catch (error) {
      if (!deadline.spent) throw error;
      throw new AwaitedTooLong(`“${command}” in a fake shell`, timeout, 'it was still running', {
        blame: 'test',
        advice: 'Let the fake answer.',
      });
    }
  }
}
