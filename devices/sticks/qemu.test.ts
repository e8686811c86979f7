import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { z } from 'zod';
import type { Machine } from '../../qemu/index.ts';
import { tinyBoard } from '../power/tiny-machine.ts';
import { MadeSticks } from './made-sticks.ts';
import { QemuPorts } from './qemu.ts';
import { sticksContract } from './sticks.contract.ts';

/** How many sticks QEMU itself has plugged in. */
async function pluggedInto(machine: Machine): Promise<number> {
  const devices = await machine.qmp.execute({
    command: 'qom-list',
    arguments: { path: '/machine/peripheral' },
    reply: z.array(z.looseObject({ name: z.string(), type: z.string() })),
  });
  return devices.filter(({ type }) => type === 'child<usb-storage>').length;
}

let boards = 0;

async function poweredSticks() {
  boards += 1;
  const board = await tinyBoard(`sticks-${boards}`);
  const machine = await board.start();
  const directory = join(board.directory, 'sticks');
  const ports = new QemuPorts();
  const sticks = new MadeSticks(directory, ports);
  await ports.connect(machine);
  await machine.run();
  return {
    ports,
    sticks,
    machine,
    board,
    directory,
    plugged: () => pluggedInto(machine),
    release: async () => {
      await machine.kill();
      await sticks.release();
      await board.release();
    },
  };
}

sticksContract(test.serial, 'qemu', poweredSticks);

test.serial('a stick that is in while the power is cut is in at the next power-on', async (t) => {
  const { ports, sticks, machine, board, release } = await poweredSticks();
  t.teardown(release);
  const [kept, pulled] = [await sticks.create({ filesystem: 'vfat' }), await sticks.create({ filesystem: 'none' })];
  await kept.insert();
  await pulled.insert();
  await machine.kill();
  await ports.disconnect();
  await pulled.pull();

  const next = await board.start();
  t.teardown(() => next.kill());
  await ports.connect(next);
  t.is(await pluggedInto(next), 1);
  t.true(kept.inserted);
});

test.serial('a stick inserted while the power is off waits for it', async (t) => {
  const board = await tinyBoard('sticks-off');
  const ports = new QemuPorts();
  const sticks = new MadeSticks(join(board.directory, 'sticks'), ports);
  t.teardown(() => board.release());
  const stick = await sticks.create({ filesystem: 'vfat' });
  await stick.insert();
  const machine = await board.start();
  await ports.connect(machine);
  t.is(await pluggedInto(machine), 1);
  await machine.kill();
});

test.serial('release leaves nothing behind', async (t) => {
  const { sticks, board, directory, release } = await poweredSticks();
  t.teardown(release);
  const stick = await sticks.create({ filesystem: 'ext4', files: { a: 'b' } });
  await stick.insert();
  t.deepEqual(await readdir(directory), [`${stick.id}.img`]);
  await sticks.release();
  t.false((await readdir(board.directory)).includes('sticks'));
});
