import test from 'ava';
import { parseOsRelease } from './device.ts';
import { recordOr } from './json-values.ts';
import { DeviceDouble } from './testing/device-double.ts';

test('os-release values lose their enclosing double quotes and nothing else', (t) => {
  t.deepEqual(parseOsRelease('PRETTY_NAME="balenaOS 2.113.18 (a=b)"\nID=plain\n# a comment\n\nSINGLE=\'kept\'\nOPEN="half\n'), {
    PRETTY_NAME: 'balenaOS 2.113.18 (a=b)',
    ID: 'plain',
    SINGLE: "'kept'",
    OPEN: '"half',
  });
});

test('a device without a uuid makes one, once', async (t) => {
  const device = await DeviceDouble.make({ uuid: '' });
  t.teardown(() => device.dispose());
  const uuid = async (): Promise<string> => String(recordOr(JSON.parse(await device.read('/mnt/boot/config.json')))['uuid']);
  await device.start();
  const made = await uuid();
  t.regex(made, /^[0-9a-f]{32}$/);
  await device.start();
  t.is(await uuid(), made);
});

test('a config.json that is no JSON is told with its path', async (t) => {
  const device = await DeviceDouble.make();
  t.teardown(() => device.dispose());
  await device.write('/mnt/boot/config.json', '{"uuid"');
  await t.throwsAsync(device.start(), { message: /\/mnt\/boot\/config\.json can't be read as JSON/ });
});
