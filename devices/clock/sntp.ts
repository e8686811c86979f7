import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { DeviceError } from '../errors.ts';
import type { Clock, ClockMode, ClockRequests } from './clock.ts';
import { isRequest, reply } from './ntp-packet.ts';

/** The time server can't have its port. */
export class ClockUnavailable extends DeviceError {
  override readonly name = 'ClockUnavailable';
}

/** An SNTP server on the loopback, for one device. It starts blocked. */
export class SntpServer implements Clock {
  readonly address: { host: string; port: number };
  #socket: Socket | undefined;
  #mode: ClockMode = { answer: 'blocked' };
  #requests: ClockRequests = { count: 0 };

  private constructor(address: { host: string; port: number }) {
    this.address = address;
  }

  /**
   * @param hostSeenByDevice the address under which the device reaches this host's loopback: 10.0.2.2 in QEMU's user network.
   */
  static async start(hostSeenByDevice: string): Promise<SntpServer> {
    const socket = await bound(0);
    const clock = new SntpServer({ host: hostSeenByDevice, port: socket.address().port });
    await closed(socket);
    return clock;
  }

  async serve(mode: ClockMode): Promise<void> {
    if (mode.answer === 'blocked') {
      await this.close();
    } else if (this.#socket === undefined) {
      const socket = await bound(this.address.port);
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

async function bound(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  try {
    await once(socket, 'listening');
  } catch (cause) {
    throw new ClockUnavailable(
      `the time server can't have UDP port ${port} of 127.0.0.1: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        blame: 'infra',
        advice: 'Another program took it while it was blocked: provision the device anew.',
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
