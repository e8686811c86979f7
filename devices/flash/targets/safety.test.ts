import test from 'ava';
import { makeScratch } from '../../../qemu/disk/scratch.ts';
import { numberOf } from './block-devices.ts';
import { demandFree, demandSize } from './safety.ts';
import { device, fakeSystem } from './system-double.ts';

// What may not be flashed onto is in ../dangerous-targets.test.ts.

test('a disk that nobody uses is free, and so is a partition where that is allowed', async (t) => {
  await using scratch = await makeScratch();
  const system = await fakeSystem(scratch);
  await t.notThrowsAsync(async () => demandFree(await device(system, '8:16'), {}, system));
  await t.notThrowsAsync(async () => demandFree(await device(system, '8:17'), { partitions: 'allowed' }, system));
});

test('a disk of the size that its place wants is taken', async (t) => {
  await using scratch = await makeScratch();
  const card = await device(await fakeSystem(scratch), '8:16');
  t.is(await demandSize(card, { minBytes: 31e9, maxBytes: 32e9 }), 31_914_983_424);
});

test('another disk’s mounts are none of it', async (t) => {
  await using scratch = await makeScratch();
  const system = await fakeSystem(scratch, { mounts: '40 26 8:16 / /media/card rw - vfat /dev/sdb rw' });
  await t.notThrowsAsync(async () => demandFree(await device(system, '8:0'), {}, system));
});

test('a device’s number is split as the C library does', (t) => {
  t.is(numberOf(0x810n), '8:16');
  t.is(numberOf(0x10300n), '259:0');
  t.is(numberOf(0x30010012n), '256:196626');
});
