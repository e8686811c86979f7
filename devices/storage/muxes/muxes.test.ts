import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import test from 'ava';
import { DriverFailed, UnknownDriver, WiringWrong } from '../../drivers/errors.ts';
import { muxContract } from '../mux.contract.ts';
import type { Side } from '../mux.ts';
import { muxes } from './index.ts';
import { sdwire, type ControlRequest } from './sdwire.ts';
import { sdwire3 } from './sdwire3.ts';

const budget = () => AbortSignal.timeout(10_000);

async function sideFile() {
  const directory = await mkdtemp(join(tmpdir(), 'mux-'));
  const file = join(directory, 'side');
  await writeFile(file, 'board\n');
  const said = async () => (await readFile(file, 'utf8')).trim();
  return { directory, file, said, release: () => rm(directory, { recursive: true }) };
}

muxContract(test, 'command', async () => {
  const { file, said, release } = await sideFile();
  const side = (name: Side) => ['sh', '-c', `echo ${name} >"$1"`, 'sh', file];
  const mux = await muxes.open({ command: { bench: side('bench'), board: side('board'), side: ['cat', file] } });
  return { mux, really: async () => ((await said()) === 'bench' ? 'bench' : 'board'), release };
});

// The tool as its README has it: usbsdmux <device> host|dut|get.
muxContract(test.serial, 'usbsdmux', async () => {
  const { directory, file, said, release } = await sideFile();
  const tool = join(directory, 'usbsdmux');
  const script = `#!/bin/sh\n[ "$1" = /dev/usb-sd-mux/id-00012.00345 ] || { echo "no such device: $1" >&2; exit 1; }\ncase $2 in\nhost | dut) echo $2 >${file} ;;\nget) sed s/board/dut/ ${file} ;;\n*) exit 2 ;;\nesac\n`;
  await writeFile(tool, script);
  await chmod(tool, 0o755);
  process.env['PATH'] = `${directory}${delimiter}${process.env['PATH'] ?? ''}`;
  const mux = await muxes.open({ usbsdmux: { device: '/dev/usb-sd-mux/id-00012.00345' } });
  return { mux, really: async () => ((await said()) === 'host' ? 'bench' : 'board'), release };
});

/** An FTDI with a switch at CBUS0, as SDWire has it. */
function wireDouble(serial: string) {
  const double = { pins: 0, asked: [] as ControlRequest[] };
  const driver = sdwire(async (asked, request) => {
    if (asked !== serial) throw new Error('no such device');
    double.asked.push(request);
    if (request.type === 0x40 && request.request === 0x0b && request.value >> 8 === 0x20) double.pins = request.value & 1;
    return request.type === 0xc0 && request.request === 0x0c ? Buffer.from([0xf0 | double.pins]) : Buffer.alloc(0);
  });
  return { double, driver };
}

muxContract(test, 'sdwire', async () => {
  const { double, driver } = wireDouble('sd-wire_01');
  const mux = driver.open({ serial: 'sd-wire_01' });
  return { mux, really: async () => (double.pins === 1 ? 'bench' : 'board'), release: async () => undefined };
});

test('sdwire: the bits on the wire are sd-mux-ctrl’s, and another serial number is another device', async (t) => {
  const { double, driver } = wireDouble('sd-wire_01');
  const mux = driver.open({ serial: 'sd-wire_01' });
  await mux.give('bench', budget());
  await mux.give('board', budget());
  t.deepEqual(
    double.asked.map(({ type, request, value }) => [type, request, value]),
    [
      [0x40, 0x0b, 0x20f1],
      [0x40, 0x0b, 0x20f0],
    ],
  );
  const other = driver.open({ serial: 'sd-wire_02' });
  await t.throwsAsync(other.give('bench', budget()), { instanceOf: DriverFailed, message: /the SDWire sd-wire_02 .*no such device/ });
});

/** A card reader that the kernel has, or hasn't; as with libusb, neither can be asked for twice. */
function readerDouble(serial: string) {
  const double = { attached: false };
  const set = (attached: boolean) => async (asked: string) => {
    if (asked !== serial) throw new Error('no such device');
    if (double.attached === attached) throw new Error('LIBUSB_ERROR_NOT_FOUND');
    double.attached = attached;
  };
  return { double, driver: sdwire3({ attach: set(true), detach: set(false), isAttached: async () => double.attached }) };
}

muxContract(test, 'sdwire3', async () => {
  const { double, driver } = readerDouble('20240001');
  const mux = driver.open({ serial: '20240001' });
  return { mux, really: async () => (double.attached ? 'bench' : 'board'), release: async () => undefined };
});

test('sdwire3: what the kernel refuses is told', async (t) => {
  const mux = readerDouble('20240001').driver.open({ serial: '20240002' });
  await t.throwsAsync(mux.give('bench', budget()), { instanceOf: DriverFailed, message: /the SDWire3 20240002 .*no such device/ });
});

test('a real SDWire that isn’t there is told', async (t) => {
  for (const driver of ['sdwire', 'sdwire3']) {
    const mux = await muxes.open({ [driver]: { serial: 'no such serial number' } });
    await t.throwsAsync(mux.give('bench', budget()), { instanceOf: DriverFailed, message: /no such serial number .*no such device/ });
  }
});

test('each file of the folder is a driver under its own name, and docs/hardware.md lists it', async (t) => {
  const drivers = await muxes.all();
  t.deepEqual([...drivers.keys()], ['command', 'sdwire', 'sdwire3', 'usbsdmux']);
  for (const [name, driver] of drivers) t.is(driver.name, name);
  await t.throwsAsync(muxes.named('usbsdmox'), {
    instanceOf: UnknownDriver,
    message: /no card multiplexer “usbsdmox”\. Did you mean “usbsdmux”\?/,
  });
  await t.throwsAsync(muxes.open({ usbsdmux: {} }), { instanceOf: WiringWrong, message: /^usbsdmux\.device: / });
  const listed = await readFile(new URL('../../../docs/hardware.md', import.meta.url), 'utf8');
  for (const name of drivers.keys()) t.true(listed.includes(`| \`${name}\``), `docs/hardware.md lists ${name}`);
});
