import { readFile } from 'node:fs/promises';
import test from 'ava';
import { deviceType, deviceTypes, UnknownDeviceType } from './registry.ts';

test('each file of the folder that is a type is one, under its own name', async (t) => {
  const types = await deviceTypes();
  t.deepEqual(
    [...types.keys()].sort(),
    'beaglebone-black qemuarm qemuarm64 qemux86-64 raspberrypi0-2w-64 raspberrypi3 raspberrypi3-64 raspberrypi3-qemu raspberrypi4-64 raspberrypi5'.split(
      ' ',
    ),
  );
  const listed = await readFile(new URL('../../docs/hardware.md', import.meta.url), 'utf8');
  for (const name of types.keys()) t.true(listed.includes(`\`${name}\``), `docs/hardware.md lists ${name}`);
  for (const [name, type] of types) {
    t.is(type.name, name);
    t.is(await deviceType(name), type);
  }
});

test('a name that is nearly one is put right, another gets the list', async (t) => {
  await t.throwsAsync(deviceType('qemux86_64'), { instanceOf: UnknownDeviceType, message: /“qemux86_64”\. Did you mean “qemux86-64”\?/ });
  const error = await t.throwsAsync(deviceType('toaster'), { instanceOf: UnknownDeviceType, message: /no device type “toaster”$/ });
  t.regex(error?.advice ?? '', /qemux86-64/);
});
