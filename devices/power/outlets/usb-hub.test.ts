import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DriverFailed } from '../../drivers/errors.ts';
import { powerContract } from '../power.contract.ts';
import { switched } from '../switched.ts';
import { switchingOf, type PowerSwitching } from './usb-hub-descriptor.ts';
import { usbHub } from './usb-hub.ts';

const budget = 10_000;

/** A sysfs with two hubs that are the halves of one, and a root hub that stands alone. */
async function sysfs() {
  const root = await mkdtemp(join(tmpdir(), 'sysfs-'));
  const devices = join(root, 'bus/usb/devices');
  const port = async (hub: string, interfaceName: string, number: number) => {
    const directory = join(devices, interfaceName, `${hub}-port${number}`);
    await mkdir(directory, { recursive: true });
    await mkdir(join(devices, hub), { recursive: true });
    await writeFile(join(directory, 'disable'), '1\n');
    return directory;
  };
  const [usb2, usb3] = [await port('1-1.2', '1-1.2:1.0', 3), await port('2-1.2', '2-1.2:1.0', 3)];
  await symlink(usb3, join(usb2, 'peer'));
  await symlink(usb2, join(usb3, 'peer'));
  const rootPort = await port('usb1', '1-0:1.0', 1);
  return { root, usb2, usb3, rootPort, release: () => rm(root, { recursive: true }) };
}

const state = async (port: string) => (await readFile(join(port, 'disable'), 'utf8')).trim();

const outlet = (root: string, where: object, how: PowerSwitching = 'per port') => {
  const driver = usbHub(root, async () => how);
  return driver.open(driver.options.parse(where));
};

powerContract(test, 'usb-hub', async () => {
  const { root, release } = await sysfs();
  let powerOns = 0;
  const own = outlet(root, { hub: '1-1.2', port: 3 });
  const power = switched({
    outlet: {
      ...own,
      set: async (state, signal) => {
        if (state === 'on') powerOns += 1;
        await own.set(state, signal);
      },
    },
    budget,
    offFor: 0,
  });
  return {
    power,
    powerOns: () => powerOns,
    release: async () => {
      await release();
    },
  };
});

test('both halves of a USB 3 socket are switched, whichever is named', async (t) => {
  const { root, usb2, usb3, release } = await sysfs();
  t.teardown(release);
  for (const hub of ['1-1.2', '2-1.2']) {
    const port = outlet(root, { hub, port: 3 });
    await port.set('on', AbortSignal.timeout(budget));
    t.deepEqual([await state(usb2), await state(usb3)], ['0', '0']);
    t.is(await port.read?.(AbortSignal.timeout(budget)), 'on');
    await port.set('off', AbortSignal.timeout(budget));
    t.deepEqual([await state(usb2), await state(usb3)], ['1', '1']);
  }
  await writeFile(join(usb3, 'disable'), '0\n');
  t.is(await outlet(root, { hub: '1-1.2', port: 3 }).read?.(AbortSignal.timeout(budget)), 'unknown', 'one half feeds it still');
});

test('a root hub has its ports elsewhere', async (t) => {
  const { root, rootPort, release } = await sysfs();
  t.teardown(release);
  await outlet(root, { hub: 'usb1', port: 1 }).set('on', AbortSignal.timeout(budget));
  t.is(await state(rootPort), '0');
});

test('a hub that would cut its neighbours is refused unless that is meant, one without a switch always', async (t) => {
  const { root, usb2, release } = await sysfs();
  t.teardown(release);
  const where = { hub: '1-1.2', port: 3 };
  await t.throwsAsync(outlet(root, where, 'all together').set('on', AbortSignal.timeout(budget)), {
    instanceOf: DriverFailed,
    message: /port 3 of USB hub 1-1\.2: the hub switches all its ports together/,
  });
  await t.throwsAsync(outlet(root, { ...where, ganged: true }, 'none').set('on', AbortSignal.timeout(budget)), {
    instanceOf: DriverFailed,
    message: /switches no power/,
  });
  t.is(await state(usb2), '1', 'nothing was switched');
  await outlet(root, { ...where, ganged: true }, 'all together').set('on', AbortSignal.timeout(budget));
  t.is(await state(usb2), '0');
});

test('a hub, a port or a kernel that isn’t there is told', async (t) => {
  const { root, usb2, release } = await sysfs();
  t.teardown(release);
  const refusal = async (where: object) =>
    (await t.throwsAsync(outlet(root, where).set('off', AbortSignal.timeout(budget)), { instanceOf: DriverFailed }))?.message ?? '';
  t.regex(await refusal({ hub: '1-7', port: 1 }), /port 1 of USB hub 1-7: no such hub is plugged in/);
  t.regex(await refusal({ hub: '1-1.2', port: 4 }), /port 4 of USB hub 1-1\.2: the hub has no such port/);
  await rm(join(usb2, 'disable'));
  t.regex(await refusal({ hub: '1-1.2', port: 3 }), /the kernel has no .*disable/);
  t.false(usbHub(root, async () => 'none').options.safeParse({ hub: '../../etc', port: 1 }).success);
});

/** As a hub of four ports sends it. */
const descriptor = (characteristics: number) => Buffer.from([9, 0x29, 4, characteristics, 0, 50, 100, 0, 0xff]);

test('how a hub switches is in its descriptor', (t) => {
  t.is(switchingOf(descriptor(0x09)), 'per port');
  t.is(switchingOf(descriptor(0x00)), 'all together');
  t.is(switchingOf(descriptor(0x02)), 'none');
  t.is(switchingOf(descriptor(0x03)), 'none');
});

const how = async (directory: string): Promise<PowerSwitching> => {
  if (directory.endsWith('1-3')) throw new Error('EACCES');
  if (directory.endsWith('1-2')) return 'all together';
  return directory.endsWith('usb1') ? 'none' : 'per port';
};

test('the sockets of hubs that switch one by one are found, with what is plugged in; a hub that switches all together is named', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'sysfs-'));
  t.teardown(() => rm(root, { recursive: true }));
  const device = async (name: string, attributes: Record<string, string>) => {
    const directory = join(root, 'bus/usb/devices', name);
    await mkdir(directory, { recursive: true });
    for (const [attribute, text] of Object.entries(attributes)) await writeFile(join(directory, attribute), `${text}\n`);
  };
  const hub = { bDeviceClass: '09', manufacturer: 'VIA', product: 'Hub', version: ' 2.10' };
  await device('1-1', { ...hub, maxchild: '2' });
  await device('1-1.2', { bDeviceClass: '00', product: 'USB Serial' });
  await device('1-1:1.0', {});
  await device('1-2', { ...hub, product: 'Cheap Hub', maxchild: '4' });
  await device('1-3', { ...hub, product: 'Locked Hub', maxchild: '4' });
  await device('2-1', { ...hub, version: ' 3.20', maxchild: '2' });
  await device('usb1', { ...hub, product: 'Controller', maxchild: '8' });
  t.deepEqual(await usbHub(root, how).find?.(), [
    { what: 'port 1 of USB hub 1-1 (VIA Hub)', options: { hub: '1-1', port: 1, ganged: false } },
    { what: 'port 2 of USB hub 1-1 (VIA Hub), where “USB Serial” is plugged in', options: { hub: '1-1', port: 2, ganged: false } },
    { what: 'USB hub 1-2 (VIA Cheap Hub)', options: { unusable: 'it switches its ports all together' } },
    { what: 'USB hub 1-3 (VIA Locked Hub)', options: { unusable: 'it can’t be asked how it switches: EACCES' } },
  ]);
});
