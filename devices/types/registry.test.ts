import test from 'ava';
import { deviceType, deviceTypes, UnknownDeviceType } from './registry.ts';

test('each file of the folder that is a type is one, under its own name', async (t) => {
  const types = await deviceTypes();
  t.deepEqual([...types.keys()], ['qemuarm64', 'qemux86-64']);
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
