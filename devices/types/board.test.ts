import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { takeCustody } from '../../qemu/index.ts';
import { SourceUnopened } from '../console/errors.ts';
import { SwitchDouble } from '../power/outlets/switch-double.ts';
import pi from './raspberrypi3-64.ts';

/** A board that greets when its power goes on: a serial port server and a switch of the bench are all there is of it. */
async function bench(t: { teardown(step: () => Promise<void>): void }) {
  const clients = new Set<Socket>();
  const serial = createServer((socket) => {
    clients.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => clients.delete(socket));
  });
  serial.listen(0, '127.0.0.1');
  await once(serial, 'listening');
  const address = serial.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  const plug = await SwitchDouble.start(({ url }, double) => {
    if (url.pathname === '/on' && !double.on) for (const client of clients) client.write('U-Boot 2023.01\r\n');
    if (url.pathname !== '/state') double.set(url.pathname === '/on');
    return { body: double.on ? 'on' : 'off' };
  });
  const directory = await mkdtemp(join(tmpdir(), 'board-'));
  const custody = await takeCustody({ name: 'board', root: directory });
  t.teardown(async () => {
    await custody.release();
    await plug.close();
    for (const client of clients) client.destroy();
    serial.close();
    await rm(directory, { recursive: true });
  });
  const runDirectory = join(directory, 'run');
  await mkdir(runDirectory);
  const at = (path: string) => `http://${plug.host}${path}`;
  const request = {
    id: 'pi3-1',
    image: '/images/pi.img',
    runDirectory,
    stateDirectory: join(directory, 'state'),
    artifacts: { serviceImage: '/images/service.tar' },
    custody,
    wiring: {
      console: { tcp: `127.0.0.1:${address.port}` },
      power: { http: { on: at('/on'), off: at('/off'), state: { request: at('/state'), on: 'on', off: 'off' } } },
      address: '192.0.2.7',
      ports: { ssh: 2222 },
      offForMs: 0,
    },
  };
  return { request, plug, serial, runDirectory };
}

test('a board is switched, and its console is recorded from before the power goes on', async (t) => {
  const { request, plug, runDirectory } = await bench(t);
  const device = await pi.provision(request);
  await device.power.on();
  await device.console.expect('U-Boot', { from: 0, timeout: 20_000 });
  await device.power.cycle();
  await device.console.expect(/U-Boot[^]*U-Boot/, { from: 0, timeout: 20_000 });
  t.is(plug.powerOns, 2);
  t.is((await device.console.boots()).length, 2);
  t.is(device.consoleLog, join(runDirectory, 'console-pi3-1.log'));
  t.true((await readFile(device.consoleLog, 'latin1')).includes('U-Boot 2023.01'));
  await device.release();
});

test('its services are at its address, under an image’s usual ports but for those that bench.yaml has', async (t) => {
  const { request } = await bench(t);
  const device = await pi.provision(request);
  t.deepEqual(await device.endpoints(), {
    ssh: { host: '192.0.2.7', port: 2222 },
    engine: { host: '192.0.2.7', port: 2375 },
    supervisor: { host: '192.0.2.7', port: 48_484 },
  });
  await device.release();
});

test('a board is off when it is released, whatever it was before', async (t) => {
  const { request, plug } = await bench(t);
  const device = await pi.provision(request);
  await device.power.on();
  t.true(plug.on);
  await device.release();
  await device.release();
  t.false(plug.on);
});

test('its medium is written by hand: a second beginning says that what went before is still there, and stays dirty', async (t) => {
  const { request, plug } = await bench(t);
  const device = await pi.provision(request);
  await device.power.on();
  t.deepEqual(await device.renew(), { restores: false });
  t.false(plug.on);
  await device.markDirty('both slots were written');
  await device.remember('facts', 3);
  const { restores, reason } = await device.renew();
  t.false(restores);
  t.regex(reason ?? '', /still on it/);
  t.deepEqual(device.dirt, ['both slots were written']);
  t.is(await device.recall('facts'), undefined);
  await device.release();
});

test('a console that isn’t there is said before anything is switched', async (t) => {
  const { request, plug, serial, runDirectory } = await bench(t);
  serial.close();
  await once(serial, 'close');
  await t.throwsAsync(pi.provision(request), { instanceOf: SourceUnopened });
  t.deepEqual(plug.asked, []);
  t.deepEqual((await readdir(runDirectory)).sort(), ['console-pi3-1.idx', 'console-pi3-1.log']);
});

test('it is told the time by the bench, under the bench’s address towards it or the one that bench.yaml has', async (t) => {
  const { request } = await bench(t);
  const near = await pi.provision({ ...request, wiring: { ...request.wiring, address: '127.0.0.1' } });
  t.teardown(() => near.release());
  t.is((await near.clock?.address())?.host, '127.0.0.1');
  const nat = await pi.provision({ ...request, id: 'pi3-2', wiring: { ...request.wiring, clock: { address: '10.20.0.1' } } });
  t.teardown(() => nat.release());
  t.is((await nat.clock?.address())?.host, '10.20.0.1');
});

test('it has as many sticks as bench.yaml has places for, and none is in it afterwards', async (t) => {
  const { request } = await bench(t);
  const none = await pi.provision(request);
  t.teardown(() => none.release());
  t.is(none.sticks, undefined);
  const [disk, side] = [join(request.runDirectory, 'stick'), join(request.runDirectory, 'side')];
  await writeFile(disk, Buffer.alloc(40 * 1024 * 1024));
  await writeFile(side, 'board\n');
  const give = (to: string) => ['sh', '-c', `echo ${to} >"$1"`, 'sh', side];
  const mux = { command: { bench: give('bench'), board: give('board'), side: ['cat', side] } };
  const one = await pi.provision({ ...request, id: 'pi3-2', wiring: { ...request.wiring, sticks: [{ mux, disk }] } });
  t.is(one.sticks?.atOnce, 1);
  const stick = await one.sticks?.create({ filesystem: 'vfat', label: 'HERE' });
  await stick?.insert();
  t.is(await readFile(side, 'utf8'), 'board\n');
  t.true((await readFile(disk)).includes('HERE'));
  await one.release();
  t.is(await readFile(side, 'utf8'), 'bench\n');
});
