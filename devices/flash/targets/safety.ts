import { readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TargetRefused } from '../errors.ts';
import { attribute, names, sizeOf, type BlockDevice, type SystemFiles } from './block-devices.ts';

/** What is asked of a disk besides that nobody uses it. */
export interface BlockRules {
  /** Flash onto a partition as well, as if it were a disk. */
  partitions?: 'allowed';
  /** The card that belongs here is at least and at most so large, in bytes: another disk that took its path isn't flashed. */
  minBytes?: number;
  maxBytes?: number;
}

/**
 * Throws TargetRefused unless a disk may be overwritten: writable, whole, no mount, no swap, and nothing built on it. What another mount
 * namespace has mounted doesn't show in mountinfo; the exclusive open afterwards does see it, but can't say what it is.
 */
export async function demandFree(device: BlockDevice, rules: BlockRules, system: SystemFiles): Promise<void> {
  const { path } = device;
  if (device.isPartition && rules.partitions !== 'allowed') {
    const disk = `/dev/${basename(device.disk)}`;
    throw new TargetRefused(`${path} is a partition of ${disk}, and an image is a whole disk`, {
      advice: `Name the disk, if you mean it: ${disk}`,
    });
  }
  if ((await attribute(device.directory, 'ro')) === '1') {
    throw new TargetRefused(`${path} is read-only`, { advice: 'Unlock the card; SD adapters have a slider for it.' });
  }
  const [below] = await names(device.directory, 'slaves');
  if (below !== undefined) {
    throw new TargetRefused(`${path} is no disk of its own: the kernel makes it out of ${below}`, { advice: 'Name the disk below it.' });
  }
  const users = await everythingOn(device, system);
  for (const mount of await mounts(system)) {
    const user = users.find(({ number, name }) => number === mount.number || name === mount.name);
    if (user === undefined) continue;
    throw new TargetRefused(`${path} is in use: ${user.name} is mounted on ${mount.point}`, {
      advice: `If it is the right disk, unmount it first: umount ${mount.point}`,
    });
  }
  for (const swap of await swapDevices(system)) {
    if (users.every(({ name }) => name !== swap)) continue;
    throw new TargetRefused(`${path} is in use: this host swaps to ${swap}`, { advice: 'It is hardly the right disk.' });
  }
  const holder = users.find(({ isHolder }) => isHolder);
  if (holder !== undefined) {
    throw new TargetRefused(`${path} is in use: ${holder.name} is built on it`, {
      advice: 'See what that is with lsblk; stop it (vgchange -an, mdadm --stop, cryptsetup close), if it is the right disk.',
    });
  }
}

/** The size in bytes. Throws TargetRefused if that is none, or not within the rules. */
export async function demandSize(device: BlockDevice, { minBytes = 0, maxBytes = Infinity }: BlockRules): Promise<number> {
  const bytes = await sizeOf(device);
  if (!(bytes > 0)) throw new TargetRefused(`there is no medium in ${device.path}`, { advice: 'Insert the card.' });
  if (bytes >= minBytes && bytes <= maxBytes) return bytes;
  const range = `${minBytes.toLocaleString('en-US')} to ${maxBytes.toLocaleString('en-US')}`;
  throw new TargetRefused(`${device.path} has ${bytes.toLocaleString('en-US')} bytes, and ${range} are expected here`, {
    advice: 'Is another disk plugged in there? If not, correct the range.',
  });
}

/** Throws TargetRefused for a file that is somebody's disk already: a loop device is made of it, or this host swaps to it. */
export async function demandFreeFile(path: string, system: SystemFiles): Promise<void> {
  const file = await realpath(path);
  for (const name of await names(join(system.sys, 'class'), 'block')) {
    const backing = await attribute(join(system.sys, 'class/block', name), 'loop/backing_file');
    if (backing !== file) continue;
    throw new TargetRefused(`${path} is in use: /dev/${name} is made of it`, {
      advice: `If nothing needs it, detach it: losetup -d /dev/${name}`,
    });
  }
  if ((await swapPaths(system)).includes(file)) {
    throw new TargetRefused(`${path} is in use: this host swaps to it`, { advice: 'It is hardly the right file.' });
  }
}

interface User {
  name: string;
  number: string;
  isHolder: boolean;
}

/** The device itself, its partitions, and what is built on any of them (device mapper, RAID), as deep as that goes. */
async function everythingOn(device: BlockDevice, { sys }: SystemFiles): Promise<User[]> {
  const users: User[] = [];
  const visit = async (directory: string, isHolder: boolean): Promise<void> => {
    const name = basename(directory);
    if (users.some((user) => user.name === name)) return;
    users.push({ name, number: await attribute(directory, 'dev'), isHolder });
    for (const child of await names(directory, '.')) {
      if ((await attribute(join(directory, child), 'partition')) !== '') await visit(join(directory, child), isHolder);
    }
    for (const holder of await names(directory, 'holders')) await visit(await realpath(join(sys, 'class/block', holder)), true);
  };
  await visit(device.directory, false);
  return users;
}

/** Format of mountinfo: man 5 proc_pid_mountinfo; what it writes in octal is unescaped. */
async function mounts({ mountinfo }: SystemFiles): Promise<{ number: string; name: string; point: string }[]> {
  const lines = (await readFile(mountinfo, 'utf8')).split('\n').filter((line) => line !== '');
  return Promise.all(
    lines.map(async (line) => {
      const fields = line.split(' ');
      // btrfs and its like mount under a number that is no disk's; then only the source says which it is.
      const source = fields[fields.indexOf('-') + 2] ?? '';
      return { number: fields[2] ?? '', name: await kernelName(plain(source)), point: plain(fields[4] ?? '') };
    }),
  );
}

async function swapDevices(system: SystemFiles): Promise<string[]> {
  return Promise.all((await swapPaths(system)).filter((path) => path.startsWith('/dev/')).map(kernelName));
}

async function swapPaths({ swaps }: SystemFiles): Promise<string[]> {
  // There is no such file in a kernel without swap.
  const text = await readFile(swaps, 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(1)
    .map((line) => plain(line.split(/\s/)[0] ?? ''));
}

/** “dm-0” of /dev/mapper/root; a source that is no path (tmpfs, overlay) is no device's name. */
async function kernelName(source: string): Promise<string> {
  if (!source.startsWith('/dev/')) return '';
  return basename(await realpath(source).catch(() => source));
}

function plain(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
