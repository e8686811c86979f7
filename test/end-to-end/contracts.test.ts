import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { consoleContract } from '../../devices/console/console.contract.ts';
import {
  createDevice,
  deviceType,
  emulationSlowness,
  freshDevice,
  serviceImage,
  type Device,
  type ProvisionedDevice,
} from '../../devices/index.ts';
import { ConsoleShell } from '../../devices/shell/console-shell.ts';
import { quoted } from '../../devices/shell/quoted.ts';
import { shellContract } from '../../devices/shell/shell.contract.ts';
import { slotsContract } from '../../devices/slots/slots.contract.ts';
import { takeCustody } from '../../qemu/index.ts';
import { buildReferenceImage } from '../../qemu/reference-os/index.ts';
import { workingDirectory } from './command.ts';

// The contracts of what needs a whole operating system: one virtual device that boots the reference OS goes through them, one after the other.

const taken = new AsyncDisposableStack();
let parts: ProvisionedDevice;
let device: Device;

const getty = 'serial-getty@ttyS0.service';
const heardFile = '/run/boardwalk-heard';

test.before(async (t) => {
  t.timeout(10 * 60_000);
  const { path, remove } = await workingDirectory();
  taken.defer(remove);
  const custody = taken.use(await takeCustody({ name: 'contracts', root: path }));
  const { flash, update } = await buildReferenceImage();
  const type = await deviceType('qemux86-64');
  parts = await type.provision({
    id: 'contracts',
    image: flash,
    runDirectory: path,
    stateDirectory: join(custody.directory, 'device'),
    artifacts: { serviceImage: await serviceImage({ architecture: 'amd64' }), update },
    custody,
  });
  taken.defer(() => parts.release());
  await freshDevice(parts);
  device = createDevice(parts);
  taken.defer(() => device.close());
});

test.after.always('everything is given back', () => taken.disposeAsync());

consoleContract(test.serial, 'a device', async () => {
  // Nobody but the test speaks and listens on the device's side of the line.
  await device.host.check(`systemctl stop ${getty} && stty -F /dev/ttyS0 raw -echo opost onlcr`);
  await device.host.check(`: >${heardFile}; (exec cat /dev/ttyS0 >${heardFile} 2>/dev/null &) </dev/null`);
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
    release: async () => void (await device.host.check(`pkill -f '^cat /dev/ttyS0'; systemctl start ${getty}`)),
  };
});

shellContract(test.serial, 'a device’s console', async () => {
  const shell = new ConsoleShell({ console: device.console, slowness: emulationSlowness });
  return { shell, directory: '/tmp', release: () => shell.close() };
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
