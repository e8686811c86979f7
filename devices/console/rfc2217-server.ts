import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { escapeTelnet, negotiate, subnegotiate, telnet, telnetOption, TelnetReader } from './telnet.ts';

/** How a double behaves. Default: as RFC 2217 has it. */
export interface Manners {
  /** What it says of each setting that it is asked for, by the command; undefined: nothing. Default: what was asked for. */
  answer?: (command: number, value: readonly number[]) => readonly number[] | undefined;
  /** Whether it knows the com port option. */
  knowsComPort?: boolean;
  /** Ends the connection when the com port is asked for. */
  hangsUp?: boolean;
}

/** A serial port server whose line is in memory: what the device says is fed to it, what it was sent is kept. */
export class Rfc2217Server {
  readonly port: number;
  /** Every byte that the device received. */
  received: Buffer = Buffer.alloc(0);
  readonly settings = new Map<number, readonly number[]>();
  readonly #close: () => Promise<void>;
  #client: Socket | undefined;

  static async start(manners: Manners = {}): Promise<Rfc2217Server> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
    const double = new Rfc2217Server(address.port, async () => {
      double.hangUp();
      server.close();
      await once(server, 'close');
    });
    server.on('connection', (socket) => double.#serve(socket, manners));
    return double;
  }

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  /** The device says something. */
  feed(bytes: Uint8Array): void {
    this.#client?.write(escapeTelnet(bytes));
  }

  hangUp(): void {
    this.#client?.destroy();
  }

  close(): Promise<void> {
    return this.#close();
  }

  #serve(socket: Socket, { answer = (_command, value) => value, knowsComPort = true, hangsUp = false }: Manners): void {
    this.#client = socket;
    const reader = new TelnetReader({
      data: (bytes) => {
        this.received = Buffer.concat([this.received, bytes]);
      },
      negotiation: (verb, option) => {
        if (verb !== telnet.will || option !== telnetOption.comPort) return;
        if (hangsUp) socket.destroy();
        else socket.write(negotiate(knowsComPort ? telnet.do : telnet.dont, option));
      },
      subnegotiation: (option, [command = 0, ...value]) => {
        const said = answer(command, value);
        if (said === undefined) return;
        this.settings.set(command, said);
        socket.write(subnegotiate(option, [command + 100, ...said]));
      },
    });
    socket.on('data', (bytes) => reader.read(bytes));
    socket.on('error', () => socket.destroy());
    // As ser2net greets: options that the client never asked about.
    socket.write(Buffer.concat([negotiate(telnet.will, 1), negotiate(telnet.do, 24)]));
  }
}
