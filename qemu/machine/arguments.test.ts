import test from 'ava';

import type { Custody } from '../custody/custody.ts';
import { machineArguments } from './arguments.ts';
import { diskBytesFor, pc, raspberryPi3 } from './hardware.ts';
import type { MachineSpec } from './machine.ts';

const custody: Custody = { directory: '/custody' } as Custody;
const spec: MachineSpec<'ssh'> = {
  id: 'one',
  custody,
  accelerator: { accelerator: 'tcg', argv: ['-accel', 'tcg,thread=multi'], reason: '' },
  disk: { file: '/a, b/disk.qcow2', format: 'qcow2' },
  forwards: { ssh: { guest: 22_222 } },
  log: '/log',
  memoryMiB: 768,
};

const sockets = { monitor: '/custody/one.qmp', debugger: '/custody/one.gdb' };

/** What stands behind each of an option's occurrences. */
const valuesOf = (argv: string[], option: string): string[] =>
  argv.flatMap((each, index) => (each === option ? [argv[index + 1] ?? ''] : []));

test('a PC has what is asked for: its memory, a virtio disk, its first serial port', (t) => {
  const argv = machineArguments({ ...spec, cpus: 1 }, sockets);
  t.deepEqual(valuesOf(argv, '-m'), ['768']);
  t.deepEqual(valuesOf(argv, '-smp'), ['1']);
  t.deepEqual(valuesOf(argv, '-serial'), ['chardev:console']);
  t.true(valuesOf(argv, '-device').includes('virtio-blk-pci,drive=disk,bootindex=0,ioeventfd=off'));
  const accelerated = machineArguments(
    { ...spec, cpus: 1, accelerator: { accelerator: 'kvm', argv: ['-accel', 'kvm'], reason: '' } },
    sockets,
  );
  t.true(valuesOf(accelerated, '-device').includes('virtio-blk-pci,drive=disk,bootindex=0'));
  t.deepEqual(valuesOf(argv, '-drive'), []);
});

test('a Raspberry Pi 3 has what it has: a card, its second serial port, 1 GiB, four cores in one thread', (t) => {
  const bootFiles = { start: '/boot/kernel8.img', deviceTree: '/boot/pi.dtb' };
  const argv = machineArguments({ ...spec, cpus: 1, hardware: raspberryPi3, bootFiles }, sockets);
  t.deepEqual(valuesOf(argv, '-m'), ['1024']);
  t.deepEqual(valuesOf(argv, '-smp'), ['4']);
  t.deepEqual(valuesOf(argv, '-serial'), ['null', 'chardev:console']);
  t.deepEqual(valuesOf(argv, '-accel'), ['tcg,thread=single,tb-size=512']);
  t.deepEqual(valuesOf(argv, '-drive'), [
    'if=sd,id=disk,format=qcow2,discard=unmap,cache.writeback=off,cache.direct=off,cache.no-flush=on,file=/a,, b/disk.qcow2',
  ]);
  t.deepEqual(valuesOf(argv, '-kernel'), [bootFiles.start]);
  t.deepEqual(valuesOf(argv, '-dtb'), [bootFiles.deviceTree]);
});

test('a card is as large as the next power of two', (t) => {
  t.is(diskBytesFor(raspberryPi3, 2_140_143_616), 2 ** 31);
  t.is(diskBytesFor(raspberryPi3, 2 ** 31), 2 ** 31);
  t.is(diskBytesFor(raspberryPi3, 2 ** 31 + 1), 2 ** 32);
  t.is(diskBytesFor(pc, 2_140_143_616), 2_140_143_616);
});
