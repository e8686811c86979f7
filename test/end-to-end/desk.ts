import { createServer as createHttpServer } from 'node:http';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { ConsoleSource } from '../../devices/console/source.ts';
import { tty } from '../../devices/console/tty.ts';
import { armVirt, selectAccelerator, startMachine, takeCustody, type Machine } from '../../qemu/index.ts';

/**
 * A board on a desk, as a bench sees it: a console on a TCP port, a Shelly of the second generation, a card behind a multiplexer, an address. Behind them is an
 * emulated board.
 */
export interface Desk extends AsyncDisposable {
  /** host:port */
  console: string;
  shelly: string;
  /** The card, and the file that says who has it: `bench` or `board`. */
  card: string;
  side: string;
  ports: Record<'ssh' | 'engine' | 'supervisor', number>;
  /** How often the power went on. */
  powerOns(): number;
  isOn(): boolean;
}

const request = z.object({
  id: z.unknown().optional(),
  method: z.string(),
  params: z.object({ id: z.literal(0), on: z.boolean().optional() }),
});

/** Sets up a desk whose board has a blank card, large enough for this image. What is written there stays over power cuts. */
export async function setUpDesk({ image, directory }: { image: string; directory: string }): Promise<Desk> {
  await using taken = new AsyncDisposableStack();
  const custody = taken.use(await takeCustody({ name: 'desk', root: directory }));
  const [card, side] = [join(directory, 'card.img'), join(directory, 'side')];
  await mkdir(directory, { recursive: true });
  await writeFile(card, '');
  await truncate(card, (await stat(image)).size);
  await writeFile(side, 'board\n');
  const accelerator = await selectAccelerator({ emulator: armVirt.emulator });
  const ports = { ssh: await freePort(), engine: await freePort(), supervisor: await freePort() };

  // 1. The serial port server: whoever is connected hears the board, if it is on.
  const listeners = new Set<Socket>();
  let wire: ConsoleSource | undefined;
  const consoleServer = createServer((socket) => {
    listeners.add(socket);
    socket.on('data', (bytes) => void wire?.write(bytes));
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
  const off = async () => {
    await machine?.kill();
    await wire?.close();
    machine = undefined;
  };
  const on = async () => {
    if (machine !== undefined) return;
    if ((await readFile(side, 'utf8')).trim() !== 'board') throw new Error('the board has no card');
    powerOns += 1;
    const started = await startMachine({
      id: 'desk',
      custody,
      accelerator,
      hardware: armVirt,
      disk: { file: card, format: 'raw' },
      forwards: {
        ssh: { guest: 22_222, host: ports.ssh },
        engine: { guest: 2375, host: ports.engine },
        supervisor: { guest: 48_484, host: ports.supervisor },
      },
      log: join(directory, 'board.log'),
      memoryMiB: 768,
    });
    machine = started;
    wire = tty(started.console);
    await wire.open({
      bytes(bytes) {
        // The array is ours only until we return.
        for (const socket of listeners) socket.write(Buffer.from(bytes));
      },
      closed: () => undefined,
    });
    await started.run();
  };
  taken.defer(off);

  // 3. The switch. Source: Shelly's Gen2+ API, Switch component, over POST /rpc.
  const shelly = createHttpServer((asked, answer) => {
    const say = (value: unknown) => answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const serve = async () => {
      if (asked.url === '/shelly') return say({ name: 'desk', gen: 2, app: 'Plus1' });
      const { id, method, params } = request.parse(JSON.parse(await text(asked)));
      const was = machine !== undefined;
      if (method === 'Switch.Set') await (params.on === true ? on() : off());
      return say({ id, src: 'desk', result: method === 'Switch.Set' ? { was_on: was } : { id: 0, output: machine !== undefined } });
    };
    serve().catch((error: unknown) => answer.writeHead(500).end(String(error)));
  });
  taken.defer(() => void shelly.close());

  const held = taken.move();
  return {
    console: await listening(consoleServer),
    shelly: await listening(shelly),
    card,
    side,
    ports,
    powerOns: () => powerOns,
    isOn: () => machine !== undefined,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function listening(server: Server): Promise<string> {
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
