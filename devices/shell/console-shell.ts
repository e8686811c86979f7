import { readFile, writeFile } from 'node:fs/promises';
import type { Console } from '../console/console.ts';
import { AwaitedTooLong } from '../errors.ts';
import type { ConsoleAccount } from './console-login.ts';
import type { SessionOutcome } from './command-result.ts';
import { ConsoleSession } from './console-session.ts';
import { Deadline } from './deadline.ts';
import { CommandFailed, ConnectionLost, NotOverConsole, ShellClosed } from './errors.ts';
import { quoted } from './quoted.ts';
import type { Forward, RunOptions, Shell, ShellResult } from './shell.ts';
import { Turns } from './turns.ts';

export interface ConsoleShellOptions extends ConsoleAccount {
  console: Console;
  /** How many times slower than hardware the device is: stretches the budgets. Default 1. */
  slowness?: number;
}

/** Milliseconds. */
const commandBudget = 30_000;
const interruptBudget = 5_000;
/** Milliseconds for a file: a serial line of 115200 baud carries about 8 kB a second, encoded. */
const transferBudget = 30 * 60_000;

/**
 * A root shell over the serial console, for when there is no network. Output comes in frames that kernel messages can't change: what is
 * damaged is asked for again, what can't be had whole is IndeterminateResult. One command at a time; `cd` and variables last from one to
 * the next, until a reboot. It logs in by itself, and anew after a reboot.
 */
export class ConsoleShell implements Shell {
  readonly #options: ConsoleShellOptions;
  readonly #slowness: number;
  readonly #turn = new Turns(1);
  #session: ConsoleSession | undefined;
  #closed = false;

  constructor(options: ConsoleShellOptions) {
    this.#options = options;
    this.#slowness = options.slowness ?? 1;
  }

  async run(command: string, { timeout = commandBudget * this.#slowness, stdin, signal }: RunOptions = {}): Promise<ShellResult> {
    using deadline = new Deadline(timeout, signal);
    const started = performance.now();
    const { stdout, stderr, exitCode } = await this.#execute(command, typeof stdin === 'string' ? Buffer.from(stdin) : stdin, deadline);
    return { command, stdout: stdout.toString(), stderr: stderr.toString(), exitCode, milliseconds: performance.now() - started };
  }

  async check(command: string, options: RunOptions = {}): Promise<string> {
    const result = await this.run(command, options);
    if (result.exitCode !== 0) throw new CommandFailed(result);
    return result.stdout.trimEnd();
  }

  async upload(localPath: string, remotePath: string, { mode, signal }: { mode?: number; signal?: AbortSignal } = {}): Promise<void> {
    const bytes = await readFile(localPath);
    const path = quoted(remotePath);
    await this.#transfer(`cat >${path}${mode === undefined ? '' : ` && chmod ${mode.toString(8)} ${path}`}`, bytes, signal);
  }

  async download(remotePath: string, localPath: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    await writeFile(localPath, await this.#transfer(`cat ${quoted(remotePath)}`, undefined, signal));
  }

  async forward(): Promise<Forward> {
    throw new NotOverConsole('a serial console forwards no ports', { blame: 'test', advice: 'Use the shell over SSH.' });
  }

  async ready({ timeout, signal }: { timeout: number; signal?: AbortSignal }): Promise<void> {
    using deadline = new Deadline(timeout, signal);
    for (;;) {
      try {
        await this.#execute('true', undefined, deadline);
        return;
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      }
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#session?.quit();
  }

  async #transfer(command: string, stdin: Uint8Array | undefined, signal?: AbortSignal): Promise<Buffer> {
    using deadline = new Deadline(transferBudget, signal);
    const { stdout, stderr, exitCode } = await this.#execute(command, stdin, deadline);
    if (exitCode === 0) return stdout;
    throw new CommandFailed({ command, stdout: '', stderr: stderr.toString(), exitCode, milliseconds: 0 });
  }

  async #execute(command: string, stdin: Uint8Array | undefined, deadline: Deadline): Promise<SessionOutcome> {
    let giveBack: (() => void) | undefined;
    try {
      giveBack = await this.#turn.take(deadline.signal);
      if (this.#closed)
        throw new ShellClosed('the shell was closed', { blame: 'test', advice: 'Use a shell before its device is closed.' });
      const { console, ...account } = this.#options;
      if (this.#session?.gone !== false) this.#session = await ConsoleSession.start(console, account, deadline, this.#slowness);
      const outcome = await this.#session.execute(command, stdin, deadline);
      giveBack();
      return outcome;
    } catch (error) {
      if (giveBack !== undefined) void this.#afterFailure(deadline).finally(giveBack);
      if (!deadline.spent || error instanceof AwaitedTooLong || error !== deadline.signal.reason) throw error;
      throw new AwaitedTooLong(`“${command}” over the console`, deadline.budgetMs, 'it was still running, or its end never came whole', {
        blame: 'product',
        advice: 'Look at the console’s log.',
      });
    }
  }

  /** A command that was given up is interrupted before the next one has its turn. */
  async #afterFailure(failed: Deadline): Promise<void> {
    if (!failed.signal.aborted || this.#session === undefined || this.#session.gone) return;
    using deadline = new Deadline(interruptBudget * this.#slowness);
    await this.#session.interrupt(deadline);
  }
}
