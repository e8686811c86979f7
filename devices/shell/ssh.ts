import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import type { Endpoint } from '../device.ts';
import { AwaitedTooLong, type Evidence } from '../errors.ts';
import { Deadline } from './deadline.ts';
import { CommandFailed, ConnectionLost, ShellClosed, SshRefused } from './errors.ts';
import type { HostKeys } from './host-keys.ts';
import { quoted } from './quoted.ts';
import type { Forward, RunOptions, Shell, ShellResult } from './shell.ts';
import { Sightings } from './sightings.ts';
import { connectionLost, SshCommand, type CommandStreams, type Output } from './ssh-command.ts';
import { attemptSsh, type Sighting, type SshAccount, type SshConnection } from './ssh-connection.ts';
import { openForward } from './ssh-forward.ts';
import { Turns } from './turns.ts';

export interface SshShellOptions extends SshAccount {
  /** Asked for each connection: a virtual machine gets other ports at its next power-on. */
  endpoint: () => Promise<Endpoint>;
  /**
   * Another TCP port of the device, one where nobody listens yet when its network comes up, or somebody whom a connection costs little: what turns a
   * connection away there is a network that is up, and only then is the SSH server worth a new connection.
   */
  idleDoor?: () => Promise<Endpoint>;
  hostKeys: HostKeys;
  /** How many times slower than hardware the device is: stretches the default budget of a command. Default 1. */
  slowness?: number;
}

/** sshd's MaxSessions is 10: of 15 channels at a time 6 were refused. Some are left for others. */
const sessionsAtATime = 6;
/** RFC 4254, section 5.1: SSH_OPEN_CONNECT_FAILED, OpenSSH's word for “too many sessions”. */
const openFailed = 2;
/** Milliseconds. */
const commandBudget = 30_000;
/** Milliseconds without a byte after which a transfer is given up. */
const stallBudget = 30_000;
/** Milliseconds between two attempts to connect: from the first to the later ones; after a refused login. */
const shortestPause = 100;
const longestPause = 500;
const refusedPause = 2_000;

interface Outcome extends Output {
  milliseconds: number;
}

/** A root shell over one kept SSH connection, which is made anew whenever it is needed and gone. */
export class SshShell implements Shell {
  readonly #options: SshShellOptions;
  readonly #slowness: number;
  readonly #turns = new Turns(sessionsAtATime);
  readonly #forwards = new Set<Forward>();
  #connection: SshConnection | undefined;
  #attempt: Promise<SshConnection | Sighting> | undefined;
  readonly #closing = new AbortController();
  /** What the attempt under way has met so far. */
  #meeting: string | undefined;

  constructor(options: SshShellOptions) {
    this.#options = options;
    this.#slowness = options.slowness ?? 1;
  }

  async run(command: string, { timeout = commandBudget * this.#slowness, stdin, signal }: RunOptions = {}): Promise<ShellResult> {
    using deadline = new Deadline(timeout, signal);
    const { stdout, stderr, ...outcome } = await this.#execute(command, stdin === undefined ? {} : { stdin }, deadline);
    return { command, stdout: stdout.toString(), stderr: stderr.toString(), ...outcome };
  }

  async check(command: string, options: RunOptions = {}): Promise<string> {
    const result = await this.run(command, options);
    if (result.exitCode !== 0) throw new CommandFailed(result);
    return result.stdout.trimEnd();
  }

  async upload(localPath: string, remotePath: string, { mode, signal }: { mode?: number; signal?: AbortSignal } = {}): Promise<void> {
    // Opened before the command runs: without it the file there must stay as it is.
    await using file = await open(localPath);
    const path = quoted(remotePath);
    const command = `cat >${path}${mode === undefined ? '' : ` && chmod ${mode.toString(8)} ${path}`}`;
    await this.#transfer(command, (moved) => ({ stdin: counted(file.createReadStream(), moved) }), signal);
  }

  async download(remotePath: string, localPath: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    try {
      const toFile = (moved: () => void) => async (stdout: AsyncIterable<Uint8Array>) => {
        await pipeline(counted(stdout, moved), createWriteStream(localPath));
      };
      await this.#transfer(`cat ${quoted(remotePath)}`, (moved) => ({ stdout: toFile(moved) }), signal);
    } catch (error) {
      // A part of a file must not be taken for it.
      await rm(localPath, { force: true });
      throw error;
    }
  }

  async forward(target: { port: number } | { socket: string }): Promise<Forward> {
    if (this.#closing.signal.aborted) throw shellClosed();
    const forward = await openForward(target, async () => {
      using deadline = new Deadline(commandBudget * this.#slowness);
      return this.#connected(deadline, 'an SSH connection for a forwarded port');
    });
    const close = async () => {
      this.#forwards.delete(tracked);
      await forward.close();
    };
    const tracked: Forward = { ...forward, close };
    this.#forwards.add(tracked);
    return tracked;
  }

  async ready({ timeout, signal }: { timeout: number; signal?: AbortSignal }): Promise<void> {
    using deadline = new Deadline(timeout, signal);
    const sightings = new Sightings();
    for (;;) {
      try {
        await this.#execute('true', {}, deadline, sightings);
        return;
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        sightings.add(error.message);
        await pause(shortestPause);
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#forwards].map((forward) => forward.close()));
    // An attempt that is under way ends with nobody to use what it brings.
    const late = await this.#attempt?.catch(() => undefined);
    for (const connection of [this.#connection, late]) {
      if (connection === undefined || !('client' in connection) || connection.ended) continue;
      const ended = once(connection.client, 'close');
      connection.client.end();
      connection.socket.destroySoon();
      await ended;
    }
  }

  /** Runs a command whose end takes as long as its bytes keep moving. */
  async #transfer(command: string, streams: (moved: () => void) => CommandStreams, signal?: AbortSignal): Promise<void> {
    const budget = stallBudget * this.#slowness;
    const stalled = new AbortController();
    const timer = setTimeout(() => stalled.abort(), budget);
    const stop = signal === undefined ? stalled.signal : AbortSignal.any([stalled.signal, signal]);
    // The stall is the budget; how long the whole takes is the file's affair.
    using deadline = new Deadline(2 ** 31 - 1, stop);
    try {
      const { stdout, stderr, ...outcome } = await this.#execute(
        command,
        streams(() => timer.refresh()),
        deadline,
      );
      if (outcome.exitCode === 0) return;
      throw new CommandFailed({ command, stdout: stdout.toString(), stderr: stderr.toString(), ...outcome });
    } catch (error) {
      if (error !== stalled.signal.reason) throw error;
      throw new AwaitedTooLong(`the next bytes of “${command}”`, budget, 'silence', {
        blame: 'product',
        advice: 'Is the device’s storage full, or its network gone?',
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async #execute(command: string, streams: CommandStreams, deadline: Deadline, sightings = new Sightings()): Promise<Outcome> {
    const giveBack = await this.#turns.take(deadline.signal).catch((error: unknown) => {
      throw deadline.spent ? this.#tooLong(command, deadline, `${sessionsAtATime} commands at once were still under way`) : error;
    });
    try {
      const started = performance.now();
      const running = await this.#start(command, deadline, sightings);
      try {
        return { ...(await running.finish(streams, deadline)), milliseconds: performance.now() - started };
      } catch (error) {
        running.abandon();
        if (!deadline.spent) throw error;
        throw this.#tooLong(command, deadline, 'it was still running', undefined, [running.evidence]);
      }
    } finally {
      giveBack();
    }
  }

  /** The command, started for certain just once. */
  async #start(command: string, deadline: Deadline, sightings: Sightings): Promise<SshCommand> {
    for (let wait = shortestPause / 2; ; wait = Math.min(wait * 2, longestPause)) {
      const connection = await this.#connected(deadline, `“${command}” to be run over SSH`, sightings);
      const received = connection.socket.bytesRead;
      try {
        return await deadline.race(SshCommand.start(command, connection));
      } catch (error) {
        if (deadline.signal.aborted) throw deadline.spent ? this.#tooLong(command, deadline, 'no channel was opened', sightings) : error;
        const told: unknown = typeof error === 'object' && error !== null && 'reason' in error ? error.reason : undefined;
        if (told === openFailed) sightings.add('the server has no free session');
        // A server that sent nothing since was never asked to run it: ssh2 asks only once the channel is confirmed.
        else if (connection.socket.bytesRead === received) this.#drop(connection, sightings);
        else if (connection.ended) throw connectionLost(command, connection);
        else throw refused(command, error);
        await pause(wait, undefined, { signal: deadline.signal }).catch(() => undefined);
      }
    }
  }

  #drop(connection: SshConnection, sightings: Sightings): void {
    sightings.add(`the kept connection was dead: ${connection.why ?? 'it was closed'}`);
    connection.client.destroy();
    connection.socket.destroy();
  }

  /** The kept connection, or a new one. */
  async #connected(deadline: Deadline, awaited: string, sightings = new Sightings()): Promise<SshConnection> {
    for (let wait = shortestPause; ; wait = Math.min(wait * 1.5, longestPause)) {
      if (this.#closing.signal.aborted) throw shellClosed();
      if (this.#connection?.ended === false) return this.#connection;
      try {
        const met = await deadline.race((this.#attempt ??= this.#connect()));
        if ('client' in met) return met;
        sightings.add(met.seen);
        await pause(met.refused ? refusedPause : wait, undefined, { signal: deadline.signal });
      } catch (error) {
        if (!deadline.spent) throw error;
        if (this.#meeting !== undefined) sightings.add(this.#meeting);
        throw new AwaitedTooLong(awaited, deadline.budgetMs, sightings.toString(), {
          blame: 'product',
          advice: 'Read the console’s log from power-on: did the OS boot, and did its SSH server start?',
        });
      }
    }
  }

  async #connect(): Promise<SshConnection | Sighting> {
    try {
      const { hostKeys, username, privateKey } = this.#options;
      const account = { ...(username !== undefined && { username }), ...(privateKey !== undefined && { privateKey }) };
      const addresses = Promise.all([this.#options.endpoint(), this.#options.idleDoor?.()]);
      const known = await addresses.catch((error: unknown) => ({ seen: `no address: ${String(error)}`, refused: false }));
      if ('seen' in known) return known;
      const [endpoint, idleDoor] = known;
      const at = `${endpoint.host}:${endpoint.port}`;
      const met = await attemptSsh({
        endpoint,
        idleDoor,
        account,
        hostKeys,
        slowness: this.#slowness,
        signal: this.#closing.signal,
        onAccepted: () => (this.#meeting = `accepted, no SSH banner yet at ${at}`),
      });
      if ('client' in met) {
        this.#connection = met;
        return met;
      }
      return { ...met, seen: `${met.seen} at ${at}` };
    } finally {
      this.#attempt = undefined;
      this.#meeting = undefined;
    }
  }

  #tooLong(command: string, deadline: Deadline, seen: string, sightings?: Sightings, evidence: Evidence[] = []): AwaitedTooLong {
    const before = sightings === undefined ? '' : ` (${sightings.toString()})`;
    return new AwaitedTooLong(`“${command}” over SSH`, deadline.budgetMs, `${seen}${before}`, {
      blame: 'product',
      evidence,
      advice: 'Run it on the device by hand: boardwalk ssh.',
    });
  }
}

async function* counted(bytes: AsyncIterable<Uint8Array>, moved: () => void): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    moved();
    yield piece;
  }
}

function refused(command: string, cause: unknown): SshRefused {
  return new SshRefused(`the SSH server did not run “${command}”: ${cause instanceof Error ? cause.message : String(cause)}`, {
    blame: 'product',
    advice: 'Look at sshd’s journal on the device.',
    cause,
  });
}

function shellClosed(): ShellClosed {
  return new ShellClosed('the shell was closed', { blame: 'test', advice: 'Use a shell before its device is closed.' });
}
