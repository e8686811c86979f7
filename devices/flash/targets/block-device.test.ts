import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import test from 'ava';
import { TargetRefused } from '../errors.ts';
import { flash } from '../flash.ts';
import { makeScratch } from '../../../qemu/disk/scratch.ts';
import { bmapOf, packed, specimen, specimenBytes } from '../specimen.ts';
import { describeBlockDevice } from './block-devices.ts';
import { makeLoop, onLoop } from './loop-device.ts';

const { disk, extents } = specimen();

onLoop(test, 'an image is written onto a block device and read back from its medium', async (t) => {
  await using scratch = await makeScratch();
  await using loop = await makeLoop(scratch, specimenBytes + 512);
  const image = await scratch.write('image', await packed(disk, 'zstd'));
  const flashed = await flash({ image, target: loop.path });
  t.is(flashed.readBack, 'medium');
  t.true(disk.equals((await readFile(loop.backing)).subarray(0, specimenBytes)));
});

onLoop(test, 'zeros replace what was on a block device', async (t) => {
  await using scratch = await makeScratch();
  await using loop = await makeLoop(scratch, specimenBytes);
  const before = await open(loop.path, 'r+');
  await before.write(Buffer.alloc(specimenBytes, 0xff));
  await before.sync();
  await before.close();
  const image = await scratch.write('image', await packed(disk, 'gzip'));
  const flashed = await flash({ image, target: loop.path });
  t.true(disk.equals(await readFile(loop.backing)));
  t.log(`${flashed.writtenBytes} of ${specimenBytes} bytes were written, the device zeroed the rest`);
});

onLoop(test, 'with a bmap, what isn’t mapped stays on a block device', async (t) => {
  await using scratch = await makeScratch();
  await using loop = await makeLoop(scratch, specimenBytes);
  const before = await open(loop.path, 'r+');
  await before.write(Buffer.alloc(4096, 0xee), 0, 4096, 15 * 1024 * 1024);
  await before.sync();
  await before.close();
  const image = await scratch.write('image.img', disk);
  await scratch.write('image.img.bmap', bmapOf({ disk, extents }));
  await flash({ image, target: loop.path });
  const content = await readFile(loop.backing);
  t.is(content.readUInt8(15 * 1024 * 1024), 0xee);
  for (const { start, end } of extents) t.true(disk.subarray(start, end).equals(content.subarray(start, end)));
});

onLoop(test, 'a block device that is in use, or too small, is refused and not touched', async (t) => {
  await using scratch = await makeScratch();
  await using loop = await makeLoop(scratch, specimenBytes - 4096);
  const image = await scratch.write('image', disk);
  await t.throwsAsync(flash({ image, target: loop.path }), { instanceOf: TargetRefused, message: /doesn't fit/ });
  await t.throwsAsync(flash({ image, target: loop.path, rules: { minBytes: specimenBytes } }), {
    instanceOf: TargetRefused,
    message: /are expected here$/,
  });
  const held = await open(loop.path, constants.O_RDONLY | constants.O_EXCL);
  try {
    await t.throwsAsync(flash({ image, target: loop.path }), {
      instanceOf: TargetRefused,
      message: /the kernel doesn't give it to us alone$/,
    });
  } finally {
    await held.close();
  }
  t.true((await readFile(loop.backing)).every((byte) => byte === 0));
});

onLoop(test, 'a block device says what it is', async (t) => {
  await using scratch = await makeScratch();
  await using loop = await makeLoop(scratch, 2_000_000_000);
  t.is(await describeBlockDevice(loop.path), `a loop device over ${loop.backing}, 2.0 GB`);
});
