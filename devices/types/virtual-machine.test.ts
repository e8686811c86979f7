import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { takeCustody } from '../../qemu/index.ts';
import { tinyBoard, tinyGreeting } from '../power/tiny-machine.ts';
import type { ProvisionedDevice } from './device-type.ts';
import qemux86 from './qemux86-64.ts';
import { DeviceOff } from './virtual-machine.ts';

/** A device whose flash image is a boot sector that greets. */
async function provisioned(t: { teardown(step: () => Promise<void>): void }) {
  const board = await tinyBoard('unused');
  const directory = await mkdtemp(join(tmpdir(), 'type-'));
  const custody = await takeCustody({ name: 'type' });
  const runDirectory = join(directory, 'run');
  const stateDirectory = join(directory, 'state');
  await mkdir(runDirectory);
  const device = await qemux86.provision({
    id: 'tiny-1',
    image: join(board.directory, 'disk.img'),
    runDirectory,
    stateDirectory,
    artifacts: { serviceImage: '/images/service.tar' },
    custody,
    memoryMiB: 64,
    cpus: 1,
  });
  t.teardown(async () => {
    await device.release();
    await custody.release();
    await board.release();
    await rm(directory, { recursive: true });
  });
  return { device, runDirectory, stateDirectory, image: join(board.directory, 'disk.img') };
}

const greetings = async ({ console }: ProvisionedDevice) =>
  Buffer.from(await console.read())
    .toString()
    .split(tinyGreeting).length - 1;

test.serial('a device boots its image, and its console is recorded over power cycles', async (t) => {
  const { device, runDirectory } = await provisioned(t);
  t.is(await device.power.state(), 'off');
  await device.power.on();
  await device.console.expect(tinyGreeting, { from: 0, timeout: device.budgets.boot });
  const mark = await device.console.mark();
  await device.power.cycle();
  await device.console.expect(tinyGreeting, { from: mark, timeout: device.budgets.boot });
  t.is(await greetings(device), 2);
  t.is((await device.console.boots()).length, 2);
  t.deepEqual(await device.console.faults(), []);
  t.is(device.consoleLog, join(runDirectory, 'console-tiny-1.log'));
  t.true((await readFile(device.consoleLog, 'latin1')).includes(tinyGreeting));
});

test.serial('services have addresses while the power is on', async (t) => {
  const { device } = await provisioned(t);
  await t.throwsAsync(device.endpoints(), { instanceOf: DeviceOff });
  await device.power.on();
  const { ssh, engine, supervisor } = await device.endpoints();
  t.is(new Set([ssh.port, engine.port, supervisor.port]).size, 3);
  t.deepEqual([ssh.host, engine.host, supervisor.host], ['127.0.0.1', '127.0.0.1', '127.0.0.1']);
  await device.power.off();
  await t.throwsAsync(device.endpoints(), { instanceOf: DeviceOff });
});

test.serial('the image is never written, release leaves the run’s files alone', async (t) => {
  const { device, image, runDirectory, stateDirectory } = await provisioned(t);
  const before = await stat(image);
  await device.power.on();
  const stick = await device.sticks?.create({ filesystem: 'vfat' });
  await stick?.insert();
  t.true((await readdir(stateDirectory)).includes('disk.qcow2'));
  await device.release();
  await device.release();
  await t.throwsAsync(stat(stateDirectory), { code: 'ENOENT' });
  t.true((await readdir(runDirectory)).includes('console-tiny-1.log'));
  t.is((await stat(image)).mtimeMs, before.mtimeMs);
});

test.serial('it says what it was asked to keep', async (t) => {
  const { device } = await provisioned(t);
  t.deepEqual(device.dirt, []);
  await device.markDirty('rollback tests wrote both slots');
  t.deepEqual(device.dirt, ['rollback tests wrote both slots']);
  const facts = { at: 3 };
  await device.remember('facts', facts);
  facts.at = 4;
  t.deepEqual(await device.recall('facts'), { at: 3 });
  t.is(await device.recall('others'), undefined);
});

test.serial('an image that isn’t there leaves nothing behind', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'type-'));
  const custody = await takeCustody({ name: 'type' });
  t.teardown(async () => {
    await custody.release();
    await rm(directory, { recursive: true });
  });
  const request = {
    id: 'none',
    image: join(directory, 'no.img'),
    runDirectory: directory,
    stateDirectory: join(directory, 'state'),
    custody,
  };
  await t.throwsAsync(qemux86.provision({ ...request, artifacts: { serviceImage: '' } }), { message: /no\.img/ });
  t.deepEqual(await readdir(directory), []);
});
