import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SourceUnopened } from './errors.ts';

/** udev's names by what an adapter says of itself; of adapters that say the same, each takes the name from the one before. */
const namesByIdentity = '/dev/serial/by-id/';
const namesByPlace = '/dev/serial/by-path';

export interface SerialAdapter {
  /** Its name by place. */
  tty: string;
  /** What it says of itself, for people. */
  what: string;
}

/** The serial ports that are plugged in. */
export async function serialAdapters(sysfs = '/sys'): Promise<SerialAdapter[]> {
  const names = await readdir(namesByPlace).catch((): string[] => []);
  // udev names one place twice where it knows the USB bus by two names.
  const adapters = new Map<string, SerialAdapter>();
  for (const name of names.toSorted()) {
    const path = join(namesByPlace, name);
    const device = await realpath(path);
    const words = await wordsOf(basename(device), ['manufacturer', 'product', 'serial'], sysfs);
    if (!adapters.has(device))
      adapters.set(device, { tty: path, what: words?.filter((word) => word !== '').join(' ') || basename(device) });
  }
  return [...adapters.values()];
}

/**
 * Throws SourceUnopened for a name that another adapter could have just as well: who has it is a matter of which was plugged in last.
 * @param sysfs where sysfs is
 */
export async function demandUnambiguous(path: string, sysfs = '/sys'): Promise<void> {
  if (!path.startsWith(namesByIdentity)) return;
  // That there is no such name its opening tells.
  const own = basename(await realpath(path).catch(() => path));
  const identity = await identityOf(own, sysfs);
  if (identity === undefined) return;
  const twins: string[] = [];
  for (const name of await readdir(join(sysfs, 'class/tty'))) {
    if (name !== own && /^tty(USB|ACM)/.test(name) && (await identityOf(name, sysfs)) === identity) twins.push(name);
  }
  if (twins.length === 0) return;
  throw new SourceUnopened(`${path} could be any of ${[own, ...twins].toSorted().join(', ')}: their adapters say the same of themselves`, {
    blame: 'infra',
    advice: 'Name it by its place, as /dev/serial/by-path has it.',
  });
}

/** What udev makes the name of: the USB device's vendor, product and serial number, and which of its interfaces the tty is. Undefined for a tty that isn't on USB. */
async function identityOf(tty: string, sysfs: string): Promise<string | undefined> {
  return (await wordsOf(tty, ['idVendor', 'idProduct', 'serial', 'interface'], sysfs))?.join(' ');
}

/** What a tty's USB device says of itself, empty where it says nothing; `interface`: the number of its own. */
async function wordsOf(tty: string, attributes: readonly string[], sysfs: string): Promise<string[] | undefined> {
  // …/1-1.2/1-1.2:1.0/ttyUSB0, or without the last part for a CDC-ACM device.
  const device = await realpath(join(sysfs, 'class/tty', tty, 'device')).catch(() => undefined);
  if (device === undefined) return undefined;
  const usbInterface = basename(device).startsWith('tty') ? dirname(device) : device;
  const attribute = (name: string) =>
    readFile(join(dirname(usbInterface), name), 'utf8').then(
      (text) => text.trim(),
      () => '',
    );
  if ((await attribute('idVendor')) === '') return undefined;
  const own = basename(usbInterface).split(':')[1] ?? '';
  return Promise.all(attributes.map(async (name) => (name === 'interface' ? own : attribute(name))));
}
