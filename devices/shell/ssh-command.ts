import { constants } from 'node:os';
import type { ClientChannel } from 'ssh2';
import type { Evidence } from '../errors.ts';
import type { Deadline } from './deadline.ts';
import { commandEvidence, ConnectionLost } from './errors.ts';
import type { SshConnection } from './ssh-connection.ts';

export interface CommandStreams {
  /** Default: nothing. */
  stdin?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Takes stdout as it comes; by default it is kept for the output. */
  stdout?: (bytes: AsyncIterable<Uint8Array>) => Promise<void>;
}

export interface Output {
  stdout: Buffer;
  stderr: Buffer;
  exitCode: number;
}

/** One command on one channel, from its start to its own word of its end. */
export class SshCommand {
  readonly #command: string;
  readonly #connection: SshConnection;
  readonly #channel: ClientChannel;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #closed = Promise.withResolvers<void>();
  #exitCode: number | undefined;
  /** The end of stdout was told while the connection stood. */
  #whole = false;

  static async start(command: string, connection: SshConnection): Promise<SshCommand> {
    return new Promise((resolve, reject) => {
      connection.client.exec(command, (error, channel) => {
        if (error !== undefined) reject(error);
        // Its listeners must stand before this callback returns: all that a short command says may be in the same packet.
        else resolve(new SshCommand(command, connection, channel));
      });
    });
  }

  private constructor(command: string, connection: SshConnection, channel: ClientChannel) {
    this.#command = command;
    this.#connection = connection;
    this.#channel = channel;
    channel.on('exit', (code: number | null, signal?: string) => (this.#exitCode = code ?? 128 + signalNumber(signal)));
    channel.stderr.on('data', (bytes: Buffer) => this.#stderr.push(bytes));
    channel.once('end', () => (this.#whole = !connection.ended));
    channel.once('close', () => this.#closed.resolve());
    channel.once('error', this.#closed.reject);
  }

  /** Feeds the command and collects what it says. Rejects with ConnectionLost unless its exit code and its last byte came. */
  async finish({ stdin = '', stdout }: CommandStreams, deadline: Deadline): Promise<Output> {
    const channel = this.#channel;
    const taken = stdout === undefined ? this.#collect() : stdout(channel);
    await deadline.race(Promise.all([this.#closed.promise, taken, this.#feed(stdin, deadline.signal)]));
    if (this.#exitCode === undefined || !this.#whole) throw connectionLost(this.#command, this.#connection, this.evidence);
    return { ...this.#output(), exitCode: this.#exitCode };
  }

  /** Nobody waits for it any longer. The device is asked to end it; OpenSSH does, Dropbear lets it run until it writes. */
  abandon(): void {
    if (this.#connection.ended) return;
    this.#channel.signal('TERM');
    this.#channel.close();
  }

  /** What it said so far. */
  get evidence(): Evidence {
    const { stdout, stderr } = this.#output();
    return commandEvidence(this.#command, { stdout: stdout.toString(), stderr: stderr.toString() });
  }

  #output(): { stdout: Buffer; stderr: Buffer } {
    return { stdout: Buffer.concat(this.#stdout), stderr: Buffer.concat(this.#stderr) };
  }

  #collect(): void {
    this.#channel.on('data', (bytes: Buffer) => this.#stdout.push(bytes));
  }

  async #feed(stdin: string | Uint8Array | AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    if (typeof stdin === 'string' || stdin instanceof Uint8Array) {
      this.#channel.end(stdin);
      return;
    }
    // By hand: node's pipeline never settles on a channel that ended before it began. A command may end without reading all of it; its
    // exit code says what that means.
    for await (const piece of stdin) {
      if (this.#channel.writableEnded || signal.aborted) return;
      if (this.#channel.write(piece)) continue;
      const drained = Promise.withResolvers<void>();
      this.#channel.once('drain', drained.resolve);
      await Promise.race([drained.promise, this.#closed.promise]);
    }
    this.#channel.end();
  }
}

/** @param name as ssh2 gives it: SIGTERM, and not TERM as it is sent. */
function signalNumber(name = ''): number {
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return numbers[name] ?? 0;
}

export function connectionLost(command: string, connection: SshConnection, evidence?: Evidence): ConnectionLost {
  return new ConnectionLost(`the SSH connection ended while “${command}” ran: ${connection.why ?? 'it was closed by the device'}`, {
    blame: 'product',
    ...(evidence !== undefined && { evidence: [evidence] }),
    advice: 'Look at the console: did the device reboot or panic? The command may have run in part.',
  });
}
