import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';
import { SerialPort } from 'serialport';

import { selectAccelerator } from '../accelerator/select.ts';
import { startTimeOf } from '../custody/process-identity.ts';
import { takeCustody } from '../custody/take.ts';
import { createOverlay } from '../disk/overlay.ts';
import { inspectImage } from '../disk/image.ts';
import { BudgetExceeded, QemuError, QemuMissing } from '../errors.ts';
import { humanMonitor } from '../qmp/commands.ts';
import { MachineOff, MachineStartFailed, PortTaken } from './errors.ts';
import { pc } from './hardware.ts';
import type { Machine, MachineSpec } from './machine.ts';
import { startMachine } from './start.ts';
import { greeting, tinyGuestDisk } from './tiny-guest.ts';

/** One QEMU at a time: the host may be small. */
const serial = test.serial;

interface Bench extends AsyncDisposable {
  directory: string;
  spec: MachineSpec<'ssh' | 'engine'>;
}

async function makeBench(): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'machine, test-'));
  const custody = await takeCustody({ root: directory, name: 'machine-test' });
  const base = join(directory, 'base.img');
  await writeFile(base, tinyGuestDisk());
  const disk = { file: join(custody.directory, 'disk.qcow2'), format: 'qcow2' as const };
  await createOverlay({ base: await inspectImage(base), file: disk.file });
  return {
    directory,
    spec: {
      id: 'tiny',
      custody,
      accelerator: await selectAccelerator(),
      disk,
      forwards: { ssh: { guest: 22222 }, engine: { guest: 2375 } },
      log: join(directory, 'qemu.log'),
      memoryMiB: 64,
    },
    [Symbol.asyncDispose]: async () => {
      await custody.release();
      await rm(directory, { recursive: true });
    },
  };
}

/** What the guest says, through the same library that reads a board's UART. */
class Reader implements AsyncDisposable {
  readonly #port: SerialPort;
  text = '';

  constructor(path: string) {
    this.#port = new SerialPort({ path, baudRate: 115_200, hupcl: false });
    this.#port.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
    });
  }

  async opened(): Promise<void> {
    if (!this.#port.isOpen) await once(this.#port, 'open');
  }

  write(text: string): void {
    this.#port.write(text);
  }

  /** Resolves once the text holds `count` of the pattern. AVA's own timeout is the deadline. */
  async until(pattern: string, count = 1): Promise<void> {
    while (this.text.split(pattern).length <= count) await once(this.#port, 'data');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#port.isOpen) return;
    const closed = once(this.#port, 'close');
    this.#port.close();
    await closed;
  }
}

async function openConsole(machine: Machine): Promise<Reader> {
  const reader = new Reader(machine.console);
  await reader.opened();
  return reader;
}

serial('a machine starts paused, speaks on its PTY from the firmware on, and counts its resets', async (t) => {
  await using bench = await makeBench();
  await using machine = await startMachine(bench.spec);
  t.is(await machine.status(), 'prelaunch');
  await using reader = await openConsole(machine);
  await machine.run();
  await reader.until(greeting);
  t.is(await machine.status(), 'running');
  t.regex(reader.text, /SeaBIOS.*Booting from Hard Disk/s);
  t.is(machine.resets, 0);

  const { promise: reset, resolve } = Promise.withResolvers<boolean>();
  machine.onReset((event) => resolve(event.guest));
  reader.write('r');
  t.true(await reset, 'the guest asked for it');
  await reader.until('SeaBIOS', 2);
  t.is(machine.resets, 1);

  await machine.pause();
  t.is(await machine.status(), 'paused');
  await machine.resume();
  t.is(await machine.status(), 'running');
});

serial('after a reset an emulated machine has thrown its translated code away, and goes on', async (t) => {
  await using bench = await makeBench();
  if (bench.spec.accelerator.accelerator !== 'tcg') {
    t.pass('nothing is translated here');
    return;
  }
  await using machine = await startMachine(bench.spec);
  await using reader = await openConsole(machine);
  await machine.run();
  await reader.until(greeting);
  t.is(await flushes(machine), 0);
  reader.write('r');
  // AVA's own timeout is the deadline.
  while ((await flushes(machine)) === 0) t.is(await machine.status(), 'running');
  const before = reader.text.split(greeting).length;
  await reader.until(greeting, before + 1);

  // A reset that is followed by a stop: the guest stays stopped.
  reader.write('r');
  await reader.until('SeaBIOS', 3);
  await machine.pause();
  t.is(await machine.status(), 'paused');
  await machine.resume();
  await reader.until(greeting, before + 2);
  t.false((await readFile(bench.spec.log, 'utf8')).includes('translated code stays'));
});

async function flushes(machine: Machine): Promise<number> {
  const words = await machine.qmp.execute(humanMonitor('info jit'));
  return Number(/^TB flush count +(\d+)/m.exec(words)?.[1]);
}

serial('a power cut is abrupt and can be repeated; what runs on the same overlay next is another machine', async (t) => {
  await using bench = await makeBench();
  const machine = await startMachine(bench.spec);
  await machine.run();
  const exit = await machine.kill();
  t.is(exit.signal, 'SIGKILL');
  t.true(exit.requested);
  t.is(startTimeOf(machine.pid), undefined);
  t.is(await machine.status(), 'off');
  t.deepEqual(await machine.kill(), exit);
  await t.throwsAsync(machine.run(), { instanceOf: MachineOff, message: /is off \(SIGKILL\) and was asked to run/ });

  await using second = await startMachine(bench.spec);
  t.not(second.pid, machine.pid);
  t.is(await second.status(), 'prelaunch');
});

serial('the power button shuts down a guest that heeds it, and is reported where it does not', async (t) => {
  await using bench = await makeBench();
  await using machine = await startMachine(bench.spec);
  await using reader = await openConsole(machine);
  await machine.run();
  await reader.until(greeting);
  const ignored = await t.throwsAsync(machine.powerdown({ timeout: 200 }), { instanceOf: BudgetExceeded });
  t.regex(ignored.message, /tiny to shut down .* seen instead: a machine that still runs/);

  reader.write('p');
  // The guest answers the button only once it has read the letter: press until it does.
  const statuses = statusesUntilOff(machine);
  const exit = await Promise.race([machine.exited, pressUntilOff(machine)]);
  t.deepEqual(await statuses, new Set(['running', 'off']));
  t.like(exit, { code: 0, signal: undefined, requested: true, shutdownReason: 'guest-shutdown' });
});

async function statusesUntilOff(machine: Machine): Promise<Set<string>> {
  const seen = new Set<string>();
  while (!seen.has('off')) seen.add(await machine.status());
  return seen;
}

async function pressUntilOff(machine: Machine) {
  for (;;) {
    try {
      return await machine.powerdown({ timeout: 500 });
    } catch (error) {
      if (!(error instanceof BudgetExceeded)) throw error;
    }
  }
}

serial('a machine that is killed from outside tells so', async (t) => {
  await using bench = await makeBench();
  const machine = await startMachine(bench.spec);
  process.kill(machine.pid, 'SIGTERM');
  const exit = await machine.exited;
  t.like(exit, { requested: false, shutdownReason: 'host-signal' });
  t.regex(exit.stderrTail, /terminating on signal 15/);
});

serial('USB disks come and go', async (t) => {
  await using bench = await makeBench();
  await using machine = await startMachine(bench.spec);
  const stick = join(bench.directory, 'stick, first.img');
  await writeFile(stick, Buffer.alloc(1024 * 1024));
  await machine.attachUsbDisk('at-power-on', stick, { readOnly: true });
  await machine.detachUsbDisk('at-power-on');
  await machine.run();
  for (const readOnly of [false, true, false]) {
    await machine.attachUsbDisk('stick-1', stick, { readOnly });
    await t.throwsAsync(machine.attachUsbDisk('stick-1', stick), { instanceOf: QemuError, message: /already attached/ });
    await machine.detachUsbDisk('stick-1');
  }
  await t.throwsAsync(machine.detachUsbDisk('stick-1'), {
    instanceOf: QemuError,
    message: /no USB disk “stick-1” is attached; attached are: none/,
  });
  await t.throwsAsync(machine.attachUsbDisk('stick-2', '/nonexistent'), { instanceOf: QemuError, message: /blockdev-add.*No such file/ });
  await machine.attachUsbDisk('stick-2', stick);
});

serial('host ports are free ones unless asked for, and one that is taken is named', async (t) => {
  await using bench = await makeBench();
  const machine = await startMachine(bench.spec);
  t.true(machine.ports.ssh > 1023);
  t.true(machine.ports.engine > 1023);
  t.not(machine.ports.ssh, machine.ports.engine);
  const again = { ssh: { guest: 22222, host: machine.ports.ssh }, engine: { guest: 2375 } };
  await machine.kill();

  const second = await startMachine({ ...bench.spec, forwards: again });
  t.is(second.ports.ssh, again.ssh.host);
  await second.kill();

  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const taken = isPort(address) ? address.port : 0;
  const refused = await t.throwsAsync(
    startMachine({ ...bench.spec, forwards: { ssh: { guest: 22222, host: taken }, engine: { guest: 2375 } } }),
    {
      instanceOf: PortTaken,
    },
  );
  t.is(refused.message, `port ${taken} of this host, asked for as “ssh”, is taken`);
  server.close();
});

function isPort(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

serial('a QEMU that can not start is quoted, and one that is missing has its package named', async (t) => {
  await using bench = await makeBench();
  const crashed = await t.throwsAsync(startMachine({ ...bench.spec, disk: { file: '/nonexistent', format: 'raw' } }), {
    instanceOf: MachineStartFailed,
  });
  t.regex(crashed.message, /^tiny did not start: QEMU ended at start \(exit code 1\): .*'\/nonexistent': No such file or directory$/);
  t.regex(await readFile(bench.spec.log, 'utf8'), /No such file or directory/);

  const missing = await t.throwsAsync(startMachine({ ...bench.spec, hardware: { ...pc, emulator: 'qemu-system-vax' } }), {
    instanceOf: QemuMissing,
  });
  t.regex(missing.advice, /apt install/);
  const firmware = { file: '/nonexistent/u-boot.bin', debianPackage: 'u-boot-qemu' };
  await t.throwsAsync(startMachine({ ...bench.spec, hardware: { ...pc, firmware } }), {
    instanceOf: QemuMissing,
    message: '/nonexistent/u-boot.bin is missing',
  });

  const silent = join(bench.directory, 'silent');
  await writeFile(silent, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  const stop = new AbortController();
  const starting = startMachine({ ...bench.spec, hardware: { ...pc, emulator: silent } }, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await t.throwsAsync(starting, { message: 'enough' });
});
