import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { demandUnambiguous } from './adapter.ts';
import { SourceUnopened } from './errors.ts';

interface Adapter {
  tty: string;
  /** Its place, as sysfs has it. */
  place: string;
  serial?: string;
  /** Number of the USB interface. */
  interface?: string;
}

/** A sysfs with adapters of one make. */
async function sysfsWith(t: { teardown(step: () => Promise<void>): void }, adapters: Adapter[]): Promise<string> {
  const sysfs = await mkdtemp(join(tmpdir(), 'sysfs-'));
  t.teardown(() => rm(sysfs, { recursive: true }));
  await mkdir(join(sysfs, 'class/tty'), { recursive: true });
  for (const { tty, place, serial, interface: usbInterface = '1.0' } of adapters) {
    const device = join(sysfs, 'devices', place);
    const port = join(device, `${place}:${usbInterface}`, ...(tty.startsWith('ttyUSB') ? [tty] : []));
    await mkdir(port, { recursive: true });
    await writeFile(join(device, 'idVendor'), '0403\n');
    await writeFile(join(device, 'idProduct'), '6001\n');
    if (serial !== undefined) await writeFile(join(device, 'serial'), `${serial}\n`);
    await mkdir(join(sysfs, 'class/tty', tty));
    await symlink(port, join(sysfs, 'class/tty', tty, 'device'));
  }
  return sysfs;
}

/** A name by identity that leads to ttyUSB0 on no real system. */
const byId = '/dev/serial/by-id/ttyUSB0';

test('a name by identity that two adapters could have is refused', async (t) => {
  const sysfs = await sysfsWith(t, [
    { tty: 'ttyUSB0', place: '1-1', serial: '0001' },
    { tty: 'ttyUSB1', place: '1-2', serial: '0001' },
    { tty: 'ttyUSB2', place: '1-3', serial: '0002' },
  ]);
  await t.throwsAsync(demandUnambiguous(byId, sysfs), {
    instanceOf: SourceUnopened,
    message: `${byId} could be any of ttyUSB0, ttyUSB1: their adapters say the same of themselves`,
  });
});

test('adapters without a serial number are all alike', async (t) => {
  const sysfs = await sysfsWith(t, [
    { tty: 'ttyUSB0', place: '1-1' },
    { tty: 'ttyUSB1', place: '1-2' },
  ]);
  await t.throwsAsync(demandUnambiguous(byId, sysfs), { instanceOf: SourceUnopened });
});

test('two ports of one adapter, and adapters with numbers of their own, can be told apart', async (t) => {
  const sysfs = await sysfsWith(t, [
    { tty: 'ttyUSB0', place: '1-1', serial: '0001', interface: '1.0' },
    { tty: 'ttyUSB1', place: '1-1', serial: '0001', interface: '1.1' },
    { tty: 'ttyACM0', place: '1-2', serial: '0002' },
  ]);
  await t.notThrowsAsync(demandUnambiguous(byId, sysfs));
});

test('a name by place is nobody else’s', async (t) => {
  const sysfs = await sysfsWith(t, [
    { tty: 'ttyUSB0', place: '1-1', serial: '0001' },
    { tty: 'ttyUSB1', place: '1-2', serial: '0001' },
  ]);
  await t.notThrowsAsync(demandUnambiguous('/dev/serial/by-path/ttyUSB0', sysfs));
});
