import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { mkdir, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ConsoleSource } from '../devices/console/source.ts';
import { tty } from '../devices/console/tty.ts';
import { usualPorts } from '../devices/index.ts';
import { armVirt, selectAccelerator, startMachine, takeCustody, type Machine } from '../qemu/index.ts';

/** A board that QEMU emulates, as the wires end at it: a serial port, a power supply, a card, an address. */
export interface EmulatedBoard extends AsyncDisposable {
  /** host:port of its serial port: whoever is connected hears the board, if it is on. */
  console: string;
  /** Its services, on 127.0.0.1. */
  ports: Record<'ssh' | 'engine' | 'supervisor', number>;
  /** The file that is its card; blank at first. What is written there stays over power cuts. */
  card: string;
  /** Files that are USB sticks, and have one partition's room; what was put in is in until it is pulled. */
  sticks: readonly string[];
  putIn(stick: string): Promise<void>;
  pull(stick: string): Promise<void>;
  /** Where it looks for the bench's time server: a UDP port of this host's 127.0.0.1, which the board sees as 10.0.2.2. */
  clockPort: number;
  /** What becomes of the board's bytes on their way to who listens. Default: nothing. */
  disturbance: (bytes: Uint8Array) => Uint8Array;
  on(): Promise<void>;
  off(): Promise<void>;
  isOn(): boolean;
  /** How often the power went on. */
  powerOns(): number;
}

export interface EmulatedBoardOptions {
  /** The card is as large as it. */
  image: string;
  directory: string;
  /** Where the card is when the power goes on; throws where it isn't in the board. */
  demandCard: () => Promise<void>;
}

const stickBytes = 256 * 1024 * 1024;
const nameOf = (stick: string): string => basename(stick, '.img');

export async function emulatedBoard({ image, directory, demandCard }: EmulatedBoardOptions): Promise<EmulatedBoard> {
  await using taken = new AsyncDisposableStack();
  const custody = taken.use(await takeCustody({ name: 'board', root: directory }));
  const card = join(directory, 'card.img');
  await mkdir(directory, { recursive: true });
  await writeFile(card, '');
  await truncate(card, (await stat(image)).size);
  const sticks = [join(directory, 'stick-1.img'), join(directory, 'stick-2.img')];
  for (const stick of sticks) {
    await writeFile(stick, '');
    await truncate(stick, stickBytes);
  }
  const accelerator = await selectAccelerator({ emulator: armVirt.emulator });
  const ports = { ssh: await freePort(), engine: await freePort(), supervisor: await freePort() };
  const clockPort = await freePort();

  // 1. The serial port server: whoever is connected hears the board, if it is on.
  const listeners = new Set<Socket>();
  let wire: ConsoleSource | undefined;
  const consoleServer = createServer((socket) => {
    listeners.add(socket);
    // A board that is off, or goes off meanwhile, hears nothing.
    socket.on('data', (bytes) => void wire?.write(bytes).catch(() => undefined));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => listeners.delete(socket));
  });
  taken.defer(() => {
    for (const socket of listeners) socket.destroy();
    consoleServer.close();
  });

  // 2. The board and its power.
  let machine: Machine | undefined;
  let powerOns = 0;
  const plugged = new Set<string>();
  const plug = async (stick: string) => machine?.attachUsbDisk(nameOf(stick), stick);
  const off = async () => {
    await machine?.kill();
    await wire?.close();
    machine = undefined;
  };
  const on = async () => {
    if (machine !== undefined) return;
    await demandCard();
    powerOns += 1;
    const started = await startMachine({
      id: 'board',
      custody,
      accelerator,
      hardware: armVirt,
      disk: { file: card, format: 'raw' },
      forwards: {
        ssh: { guest: usualPorts.ssh, host: ports.ssh },
        engine: { guest: usualPorts.engine, host: ports.engine },
        supervisor: { guest: usualPorts.supervisor, host: ports.supervisor },
      },
      log: join(directory, 'board.log'),
      memoryMiB: 768,
    });
    machine = started;
    for (const stick of plugged) await plug(stick);
    wire = tty(started.console);
    await wire.open({
      bytes(bytes) {
        // The array is ours only until we return.
        for (const socket of listeners) socket.write(Buffer.from(board.disturbance(bytes)));
      },
      closed: () => undefined,
    });
    await started.run();
  };
  taken.defer(off);

  const held = taken.move();
  const board: EmulatedBoard = {
    console: await listening(consoleServer),
    ports,
    card,
    sticks,
    async putIn(stick) {
      if (plugged.has(stick)) return;
      plugged.add(stick);
      await plug(stick);
    },
    async pull(stick) {
      if (plugged.delete(stick)) await machine?.detachUsbDisk(nameOf(stick));
    },
    clockPort,
    disturbance: (bytes) => bytes,
    on,
    off,
    isOn: () => machine !== undefined,
    powerOns: () => powerOns,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
  return board;
}

/** host:port of a server that listens from now on. */
export async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${portOf(server)}`;
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

/** One that nobody has at this moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  await listening(server);
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}
