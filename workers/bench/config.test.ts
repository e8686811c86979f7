import test from 'ava';
import { UsageError } from '../errors.ts';
import { parseBench } from './config.ts';

test('count makes numbered devices, no count a single one', async (t) => {
  const devices = await parseBench(
    'devices:\n  qemu: { type: qemux86-64, count: 2, cpus: 1 }\n  desk: { type: qemux86-64 }\n',
    'bench.yaml',
  );
  t.deepEqual(devices, [
    { id: 'qemu-1', type: 'qemux86-64', cpus: 1 },
    { id: 'qemu-2', type: 'qemux86-64', cpus: 1 },
    { id: 'desk', type: 'qemux86-64' },
  ]);
});

test('a wrong field is named with its place', async (t) => {
  const error = await t.throwsAsync(parseBench('devices:\n  qemu: { type: qemux86-64, count: none }\n', 'bench.yaml'), {
    instanceOf: UsageError,
  });
  t.regex(error?.message ?? '', /bench\.yaml, devices\.qemu\.count: .*number/);
  t.is(error?.exitCode, 2);
});

test('what is no YAML is said with its line', async (t) => {
  const error = await t.throwsAsync(parseBench('devices: [\n', 'bench.yaml'), { instanceOf: UsageError });
  t.regex(error?.message ?? '', /isn't YAML: .*line 2/);
});

const board = (power: string, rest = '') =>
  `devices:\n  pi3-1:\n    type: raspberrypi3-64\n    console: { tty: /dev/serial/by-path/pci-0 }\n    power: ${power}\n    address: 192.0.2.7\n${rest}`;

test('a board has its wiring', async (t) => {
  const [device] = await parseBench(board('{ shelly: { host: 192.0.2.9 } }', '    offForMs: 5000\n'), 'bench.yaml');
  t.like(device, { id: 'pi3-1', type: 'raspberrypi3-64' });
  t.deepEqual(device?.wiring, {
    console: { tty: '/dev/serial/by-path/pci-0' },
    power: { shelly: { host: '192.0.2.9' } },
    address: '192.0.2.7',
    offForMs: 5000,
  });
});

for (const [what, text, said] of [
  [
    'a type that there isn’t',
    'devices:\n  desk: { type: raspberypi3 }\n',
    /devices\.desk\.type: there is no device type “raspberypi3”\. Did you mean “raspberrypi3”\?/,
  ],
  ['a switch that there isn’t', board('{ shely: { host: 192.0.2.9 } }'), /devices\.pi3-1\.power: .*“shely”.*“shelly”/],
  ['two switches', board('{ shelly: { host: a }, tasmota: { host: b } }'), /devices\.pi3-1\.power: exactly one switch/],
  ['a wrong option of a switch', board('{ shelly: { host: 12 } }'), /devices\.pi3-1\.power: shelly\.host: .*string/],
  [
    'two consoles',
    board('{ shelly: { host: a } }').replace('pci-0', 'pci-0, tcp: desk:2000'),
    /devices\.pi3-1\.console: exactly one of tty, rfc2217, tcp, unix/,
  ],
  [
    'a console without a port',
    board('{ shelly: { host: a } }').replace('tty: /dev/serial/by-path/pci-0', 'tcp: desk'),
    /devices\.pi3-1\.console\.tcp: host:port/,
  ],
  [
    'a multiplexer that there is not, for a stick',
    board('{ shelly: { host: a } }', '    sticks: [{ mux: { sdwier: {} }, disk: /dev/sda }]\n'),
    /devices\.pi3-1\.sticks\.0\.mux: .*sdwire/,
  ],
  [
    'a stick that is the card',
    board(
      '{ shelly: { host: a } }',
      '    medium: { mux: { sdwire: { serial: a } }, disk: /dev/sda }\n    sticks: [{ mux: { sdwire: { serial: b } }, disk: /dev/sda }]\n',
    ),
    /devices\.pi3-1\.sticks\.0\.disk: \/dev\/sda is devices\.pi3-1\.medium\.disk's already/,
  ],
  ['a board without wires', 'devices:\n  desk: { type: raspberrypi3-64 }\n', /devices\.desk\.console: /],
  ['memory for a board', board('{ shelly: { host: a } }', '    memoryMiB: 1024\n'), /devices\.pi3-1: .*memoryMiB/],
  ['wires for a virtual machine', 'devices:\n  desk: { type: qemuarm64, address: 192.0.2.7 }\n', /devices\.desk: .*address/],
] as const) {
  test(`${what} is said with its place`, async (t) => {
    const error = await t.throwsAsync(parseBench(text, 'bench.yaml'), { instanceOf: UsageError });
    t.regex(error.message, said);
    t.true(error.message.startsWith('bench.yaml, '));
  });
}
