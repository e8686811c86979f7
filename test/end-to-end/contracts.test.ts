import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { consoleContract } from '../../devices/console/console.contract.ts';
import { createDevice, emulationSlowness, freshDevice, type Device, type ProvisionedDevice } from '../../devices/index.ts';
import { ConsoleShell } from '../../devices/shell/console-shell.ts';
import { quoted } from '../../devices/shell/quoted.ts';
import { shellContract } from '../../devices/shell/shell.contract.ts';
import { slotsContract } from '../../devices/slots/slots.contract.ts';
import { referenceDevice } from '../reference-device.ts';
import { workingDirectory } from './command.ts';

// The contracts of what needs a whole operating system: one virtual device that boots the reference OS goes through them, one after the other.

const taken = new AsyncDisposableStack();
let parts: ProvisionedDevice;
let device: Device;

const getty = 'serial-getty@ttyS0.service';
/** Started more than five times in ten seconds, a unit is given up by systemd: the count begins anew. */
const startGetty = `systemctl reset-failed ${getty}; systemctl start ${getty}`;
const heardFile = '/run/boardwalk-heard';
const listenerFile = '/run/boardwalk-listener';

test.before(async (t) => {
  t.timeout(10 * 60_000);
  const { path: directory, remove } = await workingDirectory();
  taken.defer(remove);
  parts = await referenceDevice({ id: 'contracts', directory, signal: new AbortController().signal }, taken);
  await freshDevice(parts);
  device = createDevice(parts);
  taken.defer(() => device.close());
});

test.after.always('everything is given back', () => taken.disposeAsync());

consoleContract(test.serial, 'a device', async () => {
  // Nobody but the test speaks and listens on the device's side of the line.
  await device.host.check(`systemctl stop ${getty} && stty -F /dev/ttyS0 raw -echo opost onlcr`);
  // What comes to a port that nobody has open is lost. In the background, since a session's first process would get it for its terminal.
  const opened = `[ "$(readlink /proc/$!/fd/0)" = /dev/ttyS0 ]`;
  await device.host.check(`cat </dev/ttyS0 >${heardFile} 2>/dev/null & echo $! >${listenerFile}; until ${opened}; do sleep 0.1; done`);
  return {
    console: device.console,
    say: async (...lines) => void (await device.host.check(`printf '%s\\n' ${lines.map(quoted).join(' ')} >/dev/ttyS0`)),
    async heard(bytes) {
      const deadline = performance.now() + 20_000;
      for (;;) {
        const heard = await device.host.check(`cat ${heardFile}; echo .`);
        if (heard.includes(bytes)) return;
        if (performance.now() > deadline) throw new RangeError(`the device received ${JSON.stringify(heard)} in 20 s`);
        await pause(100);
      }
    },
    release: async () => void (await device.host.check(`kill $(cat ${listenerFile}); ${startGetty}`)),
  };
});

shellContract(test.serial, 'a device’s console', async () => {
  const shell = new ConsoleShell({ console: device.console, slowness: emulationSlowness });
  const release = async () => {
    await shell.close();
    // The login that each of these tests ends comes back by itself, and soon too often.
    await device.host.check(startGetty);
  };
  return { shell, directory: '/tmp', release };
});

shellContract(test.serial, 'a device’s SSH', async () => {
  const own = createDevice(parts);
  return { shell: own.host, directory: '/tmp', release: () => own.close() };
});

slotsContract(test.serial, 'a device', async () => ({
  slots: device.slots ?? (await Promise.reject(new RangeError('a virtual device has slots'))),
  reboot: async () => void (await device.reboot('dbus')),
  release: async () => undefined,
}));
