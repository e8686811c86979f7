import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Clock, ClockAddress, ClockMode, ClockRequests } from './clock.ts';
import { ClockUnavailable } from './errors.ts';
import { isRequest, reply } from './ntp-packet.ts';

export interface SntpOptions {
  /** The IPv4 address of this host's to listen at; 0.0.0.0 for all. */
  listen: string;
  /** UDP port. Default: any that is free. */
  port?: number | undefined;
  /** The address under which the device reaches this host. */
  seenAs: () => Promise<string>;
}

/** An SNTP server of this host's, for one device. It starts blocked. */
export class SntpServer implements Clock {
  readonly #listen: string;
  readonly #port: number;
  readonly #seenAs: () => Promise<string>;
  #socket: Socket | undefined;
  #mode: ClockMode = { answer: 'blocked' };
  #requests: ClockRequests = { count: 0 };

  private constructor({ listen, port, seenAs }: SntpOptions & { port: number }) {
    this.#listen = listen;
    this.#port = port;
    this.#seenAs = seenAs;
  }

  /** Throws ClockUnavailable where the port is another program's. */
  static async start(options: SntpOptions): Promise<SntpServer> {
    const socket = await bound(options.listen, options.port ?? 0);
    const { port } = socket.address();
    await closed(socket);
    return new SntpServer({ ...options, port });
  }

  async address(): Promise<ClockAddress> {
    return { host: await this.#seenAs(), port: this.#port };
  }

  async serve(mode: ClockMode): Promise<void> {
    if (mode.answer === 'blocked') {
      await this.close();
    } else if (this.#socket === undefined) {
      const socket = await bound(this.#listen, this.#port);
      // What a datagram socket reports after bind is an ICMP answer to a reply: a client that is gone.
      socket.on('error', () => undefined);
      socket.on('message', (message, { port, address }) => this.#answer(socket, message, port, address));
      this.#socket = socket;
    }
    this.#mode = mode;
    this.#requests = { count: 0 };
  }

  async requests(): Promise<ClockRequests> {
    return { ...this.#requests };
  }

  async now(): Promise<number> {
    return Date.now();
  }

  /** Nothing reaches it any more; `serve` opens it again. */
  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#mode = { answer: 'blocked' };
    if (socket !== undefined) await closed(socket);
  }

  #answer(socket: Socket, message: Buffer, port: number, address: string): void {
    const at = Date.now();
    if (!isRequest(message)) return;
    this.#requests = { count: this.#requests.count + 1, lastAt: at };
    const mode = this.#mode;
    if (mode.answer !== 'right' && mode.answer !== 'offset') return;
    const lie = mode.answer === 'offset' ? mode.seconds * 1000 : 0;
    socket.send(reply(message, { received: at + lie, transmitted: Date.now() + lie }), port, address);
  }
}

async function bound(listen: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, listen);
  try {
    await once(socket, 'listening');
  } catch (cause) {
    throw new ClockUnavailable(
      `the time server can't have UDP port ${port} of ${listen}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        blame: 'infra',
        advice: 'Does another program have it? ss -lunp tells.',
        cause,
      },
    );
  }
  return socket;
}

async function closed(socket: Socket): Promise<void> {
  const done = once(socket, 'close');
  socket.close();
  await done;
}
