import { createServer } from 'node:http';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer as createSocketServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { inOrder } from '../../devices/power/in-order.ts';
import { pc } from '../../qemu/index.ts';
import { UsbDisks } from '../../qemu/machine/usb-disks.ts';
import type { QmpClient } from '../../qemu/qmp/client.ts';
import { plugDevice, unplugDevice } from '../../qemu/qmp/commands.ts';
import { QmpClosed } from '../../qemu/qmp/errors.ts';
import { openQmp } from '../../qemu/qmp/connection.ts';
import { within } from '../../qemu/within.ts';
import { listening, type EmulatedBoard } from '../emulated-board.ts';
import { guestImage, type GuestImage } from './guest-image.ts';

export interface BenchGuestOptions {
  board: EmulatedBoard;
  /** The clone, which the guest sees read-only as /project. */
  project: string;
  /** A directory of the host's that it sees read-only as /image. */
  images: string;
  /** Of this rack's own; the guest sees `shared` of it as /rack. */
  directory: string;
  signal?: AbortSignal | undefined;
}

export interface JobEnd {
  code: number;
  log: string;
}

/** The hub's port whose power feeds the board. */
const powerPort = 1;
/** Where the guest finds this host: QEMU's user network. */
const hostSeenByGuest = '10.0.2.2';
const cardPort = 3;
const qmpBudget = 30_000;
const lookAgainEvery = 20;
const hub = { driver: 'usb-hub', id: 'hub', bus: 'xhci.0', port: '1' };

/**
 * A bench's host that QEMU emulates, with what is plugged into it: a USB hub that switches its ports' power, a UART adapter, and a reader that
 * has the board's card while a multiplexer gives it. To its kernel and to boardwalk inside it these are what they are on any bench. The wires from there to
 * the emulated board are this host's: the UART's bytes go to its serial port; the power of the hub's port 1, which QEMU's trace tells, switches it; the card is
 * its card.
 *
 * Runs a shell script in it as root, and resolves with how that ended, or with undefined if the guest ended without it.
 */
export async function runInBenchGuest(script: string, options: BenchGuestOptions): Promise<JobEnd | undefined> {
  const { board, project, images, directory, signal } = options;
  await using taken = new AsyncDisposableStack();
  const image = await guestImage(signal);
  const shared = join(directory, 'shared');
  await mkdir(join(shared, 'bin'), { recursive: true });
  await copyFile(process.execPath, join(shared, 'bin/node'));

  // 1. The multiplexer's lever, and the word that the bench is up: before that, its firmware and kernel switch the hub as they please.
  let side: 'bench' | 'board' = 'board';
  let armed = false;
  let powered = false;
  let usb: UsbDisks | undefined;
  let qmp: QmpClient | undefined;
  const isWithBoard = () => side === 'board';
  const inTurn = inOrder();
  const unswitched: unknown[] = [];
  const power = (on: boolean) => {
    powered = on;
    if (armed) inTurn(() => (on ? board.on() : board.off())).catch((error: unknown) => unswitched.push(error));
  };
  const give = async (to: 'bench' | 'board') => {
    if (to === side) return;
    if (board.isOn()) throw new Error('the board is on, and its card was pulled');
    if (to === 'bench') await usb?.attach('card', board.card, { port: cardPort });
    else await usb?.detach('card');
    side = to;
  };
  /** What happens to wires behind the bench's back. */
  const faults = new Map<string, () => Promise<void>>([
    ['/pull-card-when-written', () => pullWhenWritten()],
    [
      '/card-is-back',
      async () => {
        side = 'board';
      },
    ],
    ['/pull-hub', async () => void (await qmp?.execute(unplugDevice('hub')))],
    ['/plug-hub', async () => void (await qmp?.execute(plugDevice({ ...hub, 'port-power': true })))],
  ]);
  const pullWhenWritten = async () => {
    const { mtimeMs: before } = await stat(board.card);
    while (isWithBoard() || (await stat(board.card)).mtimeMs === before) await pause(lookAgainEvery, undefined, signal ? { signal } : {});
    await usb?.detach('card');
  };
  const lever = createServer((asked, answer) => {
    const serve = async () => {
      if (asked.url === '/armed') {
        armed = true;
        power(powered);
      } else if (asked.url === '/bench' || asked.url === '/board') {
        const to = asked.url === '/bench' ? 'bench' : 'board';
        await inTurn(() => give(to));
      }
      await faults.get(asked.url ?? '')?.();
      answer.end(`${side}\n`);
    };
    serve().catch((error: unknown) => answer.writeHead(500).end(String(error)));
  });
  taken.defer(() => {
    lever.closeAllConnections();
    lever.close();
  });
  const leverAddress = await listening(lever);
  const leverPort = leverAddress.split(':')[1];
  await writeFile(
    join(shared, 'bin/lever'),
    `#!/bin/sh\n# Throws the card multiplexer: lever bench, lever board; lever side tells.\nexec curl -fsS http://${hostSeenByGuest}:${leverPort}/$1\n`,
    { mode: 0o755 },
  );
  await writeFile(join(shared, 'job.sh'), script);

  // 2. The machine.
  const socket = join(directory, 'bench.qmp');
  const monitor = createSocketServer();
  monitor.listen(socket);
  await once(monitor, 'listening');
  taken.defer(() => void monitor.close());
  const { promise: connected, resolve: connect } = Promise.withResolvers<Socket>();
  monitor.once('connection', connect);
  const child = execa(
    'setpriv',
    ['--pdeathsig', 'KILL', pc.emulator, ...guestArguments({ image, socket, uart: board.console, project, images, shared, directory })],
    {
      reject: false,
      detached: true,
      stdin: 'ignore',
      stdout: 'ignore',
      ...(signal && { cancelSignal: signal, killSignal: 'SIGKILL' }),
    },
  );
  taken.defer(async () => {
    child.kill('SIGKILL');
    await child;
  });
  const said: string[] = [];
  const listen = async () => {
    for await (const line of child.iterable({ from: 'stderr' })) {
      const [, order, port] = /usb_hub_(set|clear)_port_feature dev \d+, port (\d+), feature power$/.exec(line) ?? [];
      if (Number(port) === powerPort) power(order === 'set');
      else if (order === undefined && !line.includes('usb_hub_')) said.push(line);
    }
  };
  const heard = listen();
  const ended = child.then(() => undefined);
  const reached = async () => {
    try {
      return await openQmp(await connected, signal ? { signal } : {});
    } catch (error) {
      // A monitor that closes means a QEMU that ends: what it said is the better news.
      if (error instanceof QmpClosed) return gone();
      throw error;
    }
  };
  const gone = async (): Promise<never> => {
    await ended;
    await heard;
    throw new Error(`the bench guest's QEMU ended at start: ${said.join('; ')}`);
  };
  qmp = await within(Promise.race([reached(), gone()]), {
    awaited: "QEMU's monitor",
    milliseconds: qmpBudget,
    seen: () => `nothing; it said: ${said.join('; ')}`,
    advice: 'Is the host overloaded?',
    signal,
  });
  usb = new UsbDisks(qmp);

  // 3. Its end.
  await ended;
  await heard;
  await inTurn(async () => undefined);
  if (unswitched.length > 0) throw new AggregateError(unswitched, 'the board could not be switched');
  signal?.throwIfAborted();
  const code = await readFile(join(shared, 'job.code'), 'utf8').catch(() => undefined);
  if (code === undefined) return undefined;
  return { code: Number(code), log: await readFile(join(shared, 'job.log'), 'utf8') };
}

interface GuestPlaces {
  image: GuestImage;
  /** Of the monitor. */
  socket: string;
  /** host:port of the board's serial port. */
  uart: string;
  project: string;
  images: string;
  shared: string;
  directory: string;
}

function guestArguments({ image, socket, uart, project, images, shared, directory }: GuestPlaces): string[] {
  const [host, port] = uart.split(':');
  const hubProperties = Object.entries(hub).map(([key, value]) => (key === 'driver' ? value : `${key}=${value}`));
  return [
    ['-name', 'boardwalk-bench', '-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot'],
    ['-accel', 'tcg,tb-size=512', '-cpu', pc.cpu, '-machine', pc.board, '-smp', '1', '-m', '2048'],
    ['-kernel', image.kernel, '-initrd', image.initrd],
    ['-append', 'console=ttyS0 quiet panic=-1 mitigations=off nokaslr rdinit=/init'],
    ['-serial', `file:${join(directory, 'bench-console.log')}`],
    ['-chardev', `socket,id=qmp,path=${socket}`, '-mon', 'chardev=qmp,mode=control'],
    ['-drive', `file=${image.root},format=raw,if=virtio,readonly=on`],
    share('project', project, ',readonly=on'),
    share('image', images, ',readonly=on'),
    share('rack', shared, ''),
    ['-netdev', 'user,id=network', '-device', 'virtio-net-pci,netdev=network,romfile=', '-device', 'virtio-rng-pci'],
    ['-device', 'qemu-xhci,id=xhci', '-device', [...hubProperties, 'port-power=on'].join(',')],
    ['-chardev', `socket,id=uart,host=${host},port=${port}`, '-device', 'usb-serial,chardev=uart,bus=xhci.0,port=2'],
    ['-trace', 'usb_hub_set_port_feature', '-trace', 'usb_hub_clear_port_feature'],
  ].flat();
}

const share = (tag: string, path: string, more: string): string[] => [
  '-virtfs',
  `local,path=${path},mount_tag=${tag},security_model=none${more}`,
];
