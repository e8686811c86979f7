import { createServer } from 'node:http';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer as createSocketServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { defaultCacheDirectory, pc } from '../../qemu/index.ts';
import { emulation } from '../../qemu/accelerator/accelerator.ts';
import { QmpClosed } from '../../qemu/qmp/errors.ts';
import { openQmp } from '../../qemu/qmp/connection.ts';
import { within } from '../../qemu/within.ts';
import { listening, type EmulatedBoard } from '../emulated-board.ts';
import { BehindTheBench, hub, powerPort, uart } from './behind-the-bench.ts';
import { guestImage, type GuestImage } from './guest-image.ts';

export interface BenchGuestOptions {
  board: EmulatedBoard;
  /** The clone, which the guest sees read-only as /project. */
  project: string;
  /** A directory of the host's that it sees read-only as /image; what boardwalk keeps of packages and images is /cache. */
  images: string;
  /** Of this rack's own; the guest sees `shared` of it as /rack. */
  directory: string;
  signal?: AbortSignal | undefined;
}

export interface JobEnd {
  code: number;
  log: string;
}

/** Where the guest finds this host: QEMU's user network. */
const hostSeenByGuest = '10.0.2.2';
const qmpBudget = 30_000;

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

  // 1. The lever, by which the bench has its multiplexer thrown and its wires disturbed.
  const backstage = new BehindTheBench(board, signal);
  const lever = createServer((asked, answer) => {
    backstage.does((asked.url ?? '').slice(1)).then(
      (side) => answer.end(`${side}\n`),
      (error: unknown) => answer.writeHead(500).end(String(error)),
    );
  });
  taken.defer(() => {
    lever.closeAllConnections();
    lever.close();
  });
  const leverAddress = await listening(lever);
  const leverPort = leverAddress.split(':')[1];
  await writeFile(
    join(shared, 'bin/lever'),
    `#!/bin/sh\n# Throws the card's multiplexer (lever bench, lever board; lever side tells) or a stick's (lever stick1-bench …), and disturbs wires.\nexec curl -fsS http://${hostSeenByGuest}:${leverPort}/$1\n`,
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
    [
      '--pdeathsig',
      'KILL',
      pc.emulator,
      ...guestArguments({ image, socket, serialPort: board.console, clockPort: board.clockPort, project, images, shared, directory }),
    ],
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
      if (Number(port) === powerPort) backstage.power(order === 'set');
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
  const qmp = await within(Promise.race([reached(), gone()]), {
    awaited: "QEMU's monitor",
    milliseconds: qmpBudget,
    seen: () => `nothing; it said: ${said.join('; ')}`,
    advice: 'Is the host overloaded?',
    signal,
  });
  await backstage.reach(qmp);

  // 3. Its end.
  await ended;
  await heard;
  await backstage.settle();
  signal?.throwIfAborted();
  const code = await readFile(join(shared, 'job.code'), 'utf8').catch(() => undefined);
  if (code === undefined) return undefined;
  return { code: Number(code), log: await readFile(join(shared, 'job.log'), 'utf8') };
}

interface GuestPlaces {
  image: GuestImage;
  /** Of the monitor. */
  socket: string;
  /** host:port of the board's. */
  serialPort: string;
  /** UDP, of this host's and of the guest's: what the board sends to the one is handed to the other. */
  clockPort: number;
  project: string;
  images: string;
  shared: string;
  directory: string;
}

function guestArguments({ image, socket, serialPort, clockPort, project, images, shared, directory }: GuestPlaces): string[] {
  const [host, port] = serialPort.split(':');
  return [
    ['-name', 'boardwalk-bench', '-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot'],
    [...emulation('multi'), '-cpu', pc.cpu, '-machine', pc.board, '-smp', '1', '-m', '2048'],
    ['-kernel', image.kernel, '-initrd', image.initrd],
    ['-append', 'console=ttyS0 quiet panic=-1 mitigations=off nokaslr rdinit=/init'],
    ['-serial', `file:${join(directory, 'bench-console.log')}`],
    ['-chardev', `socket,id=qmp,path=${socket}`, '-mon', 'chardev=qmp,mode=control'],
    ['-drive', `file=${image.root},format=raw,if=virtio,readonly=on`],
    share('project', project, ',readonly=on'),
    share('image', images, ',readonly=on'),
    share('cache', defaultCacheDirectory(), ',readonly=on'),
    share('rack', shared, ''),
    [
      '-netdev',
      `user,id=network,hostfwd=udp:127.0.0.1:${clockPort}-:${clockPort}`,
      '-device',
      'virtio-net-pci,netdev=network,romfile=',
      '-device',
      'virtio-rng-pci',
    ],
    ['-device', 'qemu-xhci,id=xhci,p2=8', '-device', JSON.stringify(hub)],
    ['-chardev', `socket,id=uart,host=${host},port=${port}`, '-device', JSON.stringify(uart), '-chardev', 'null,id=nobody'],
    ['-trace', 'usb_hub_set_port_feature', '-trace', 'usb_hub_clear_port_feature'],
  ].flat();
}

const share = (tag: string, path: string, more: string): string[] => [
  '-virtfs',
  `local,path=${path},mount_tag=${tag},security_model=none${more}`,
];
