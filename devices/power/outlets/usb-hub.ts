import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DriverFailed } from '../../drivers/errors.ts';
import type { Driver, Find } from '../../drivers/folder.ts';
import type { Outlet } from '../outlet.ts';
import { hubPowerSwitching, type PowerSwitching } from './usb-hub-descriptor.ts';

const options = z.strictObject({
  /** As `lsusb -t` and sysfs call it: `1-1.2`, or `usb1` for a root hub. */
  hub: z.string().regex(/^(usb\d+|\d+-\d+(\.\d+)*)$/, 'a hub as sysfs calls it, such as 1-1.2'),
  /** From 1. */
  port: z.int().min(1).max(31),
  /** The hub switches all its ports at once, and that is meant. */
  ganged: z.boolean().default(false),
});

/**
 * A port of a USB hub that switches its power, by the file `disable` of the port (Linux 6.0 on): the kernel lets go of what is plugged in, then cuts, and reads
 * the file from the hub itself. The half of a USB 3 hub that shares the socket is its `peer`; both are switched. A hub that switches its ports together would
 * cut its neighbours, and is refused unless that is meant. Many hubs cut data and leave the power on: no software sees that, the board's console does.
 * Source: Linux, Documentation/ABI/testing/sysfs-bus-usb, drivers/usb/core/port.c.
 *
 * @param sysfs where sysfs is; @param switching asks a hub how it switches.
 */
export function usbHub(
  sysfs: string,
  switching: (hubDirectory: string) => Promise<PowerSwitching>,
): Driver<Outlet, z.output<typeof options>> {
  return {
    name: 'usb-hub',
    options,
    find: () => switchableSockets(sysfs, switching),
    open({ hub, port, ganged }) {
      const name = `port ${port} of USB hub ${hub}`;
      const device = join(sysfs, 'bus/usb/devices', hub);
      const interfaceName = hub.startsWith('usb') ? `${hub.slice('usb'.length)}-0:1.0` : `${hub}:1.0`;
      const own = join(sysfs, 'bus/usb/devices', interfaceName, `${hub}-port${port}`);
      const failed = (seen: string, advice: string, cause?: unknown) =>
        new DriverFailed(`${name}: ${seen}`, { blame: 'infra', advice, cause });

      /** The `disable` files of this socket. */
      const halves = async (): Promise<string[]> => {
        if (!(await exists(device))) throw failed('no such hub is plugged in', 'lsusb -t lists them.');
        if (!(await exists(own))) throw failed('the hub has no such port', 'Ports are counted from 1.');
        const files = [join(own, 'disable')];
        if (await exists(join(own, 'peer'))) files.push(join(own, 'peer', 'disable'));
        for (const file of files) {
          if (!(await exists(file)))
            throw failed(`the kernel has no ${file}`, 'It takes Linux 6.0 or newer; uhubctl by the driver `command` does without.');
        }
        return files;
      };
      const asked = async <T>(file: string, does: Promise<T>): Promise<T> => {
        try {
          return await does;
        } catch (cause) {
          throw failed(
            cause instanceof Error ? cause.message : String(cause),
            `May this user use it? docs/hardware.md has the udev rules.`,
            cause,
          );
        }
      };
      /** Asked before each cut: another hub may be plugged in by now. */
      const demandOwnSwitch = async () => {
        const how = await asked(device, switching(device));
        if (how === 'per port' || (how === 'all together' && ganged)) return;
        if (how === 'none') throw failed('the hub says that it switches no power', 'It takes a hub with a power switch for each port.');
        throw failed(
          'the hub switches all its ports together, and would cut what else is in it',
          'Give the board a hub of its own and say `ganged: true`.',
        );
      };

      return {
        name,
        async set(state, signal) {
          const files = await halves();
          signal.throwIfAborted();
          await demandOwnSwitch();
          for (const file of files) await asked(file, writeFile(file, state === 'on' ? '0' : '1', { flag: 'r+', signal }));
        },
        async read(signal) {
          const files = await halves();
          const seen = new Set<string>();
          for (const file of files) seen.add((await asked(file, readFile(file, { encoding: 'utf8', signal }))).trim());
          if (seen.size > 1) return 'unknown';
          return seen.has('0') ? 'on' : 'off';
        },
      };
    },
  };
}

export default usbHub('/sys', hubPowerSwitching);

/** Each socket of each hub that switches its ports one by one. Of a USB 3 hub its USB 2 half, which switches both. */
async function switchableSockets(
  sysfs: string,
  switching: (hubDirectory: string) => Promise<PowerSwitching>,
): Promise<Find<z.output<typeof options>>[]> {
  const devices = join(sysfs, 'bus/usb/devices');
  const attribute = (device: string, name: string) =>
    readFile(join(devices, device, name), 'utf8').then(
      (text) => text.trim(),
      () => '',
    );
  const finds: Find<z.output<typeof options>>[] = [];
  for (const hub of (await readdir(devices).catch((): string[] => [])).toSorted()) {
    if (hub.includes(':') || (await attribute(hub, 'bDeviceClass')) !== '09' || Number(await attribute(hub, 'version')) >= 3) continue;
    const what = `USB hub ${hub} (${[await attribute(hub, 'manufacturer'), await attribute(hub, 'product')].join(' ').trim()})`;
    let how: PowerSwitching;
    try {
      how = await switching(join(devices, hub));
    } catch (error) {
      const seen = error instanceof Error ? error.message : String(error);
      finds.push({ what, options: { unusable: `it can’t be asked how it switches: ${seen}` } });
      continue;
    }
    if (how === 'all together') finds.push({ what, options: { unusable: 'it switches its ports all together' } });
    if (how !== 'per port') continue;
    const ports = Number(await attribute(hub, 'maxchild'));
    for (let port = 1; port <= ports; port += 1) {
      const plugged = hub.startsWith('usb') ? `${hub.slice('usb'.length)}-${port}` : `${hub}.${port}`;
      const product = await attribute(plugged, 'product');
      finds.push({
        what: `port ${port} of ${what}${product === '' ? '' : `, where “${product}” is plugged in`}`,
        options: { hub, port, ganged: false },
      });
    }
  }
  return finds;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
