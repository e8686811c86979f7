import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DeviceError, wiringSchema, type Blame } from '../../devices/index.ts';
import { CommandError } from '../errors.ts';
import { claimDevices } from './bench.ts';
import { underQuarantine, whyQuarantined } from './quarantine.ts';

const state = await mkdtemp(join(tmpdir(), 'quarantine-'));
process.env['XDG_STATE_HOME'] = state;
test.after.always(() => rm(state, { recursive: true }));

const wiring = wiringSchema.parse({ console: { tty: '/dev/null' }, power: { shelly: { host: 'plug' } }, address: 'pi' });
const board = (id: string) => ({ id, type: 'raspberrypi3-64', wiring });
const failing = (blame: Blame) => async () => {
  throw new DeviceError('the console said nothing\n  power is on', { blame });
};
const fails = (id: string, blame: Blame) => underQuarantine(board(id), '/runs/1', failing(blame)).catch(() => undefined);

test('a board that fails its first boot for the lab’s reasons is in quarantine until one is good', async (t) => {
  await t.throwsAsync(underQuarantine(board('sick-1'), '/runs/1', failing('infra')), { message: /said nothing/ });
  t.regex((await whyQuarantined('sick-1')) ?? '', /^in quarantine since \S+: the console said nothing \(\/runs\/1\)$/);
  t.is(await underQuarantine(board('sick-1'), '/runs/2', async () => 'booted'), 'booted');
  t.is(await whyQuarantined('sick-1'), undefined);
});

test('an OS that doesn’t boot, and a virtual machine, are no sick boards', async (t) => {
  await fails('sick-2', 'product');
  t.is(await whyQuarantined('sick-2'), undefined);
  await t.throwsAsync(underQuarantine({ id: 'sick-3', type: 'qemux86-64' }, '/runs/1', failing('infra')));
  t.is(await whyQuarantined('sick-3'), undefined);
});

test('a run that may have any device doesn’t get a sick one; one that names it does', async (t) => {
  await fails('sick-4', 'infra');
  const devices = [board('sick-4'), board('well-4')];
  const claim = (device: string | undefined) => claimDevices({ config: { source: undefined, devices }, device, count: 2, purpose: 'test' });
  const ids = async (device: string | undefined) => {
    const leased = await claim(device);
    for (const { lease } of leased) await lease.release();
    return leased.map(({ config }) => config.id);
  };
  t.deepEqual(await ids(undefined), ['well-4']);
  t.deepEqual(await ids('raspberrypi3-64'), ['well-4']);
  t.deepEqual(await ids('sick-4'), ['sick-4']);
  await fails('well-4', 'infra');
  const error = await t.throwsAsync(claim(undefined), {
    instanceOf: CommandError,
    message: /sick-4 is in quarantine since .*well-4 is in quarantine/,
  });
  t.regex(error?.advice ?? '', /--device sick-4/);
});
