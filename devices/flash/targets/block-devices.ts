import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TargetRefused } from '../errors.ts';

/** Where the kernel tells of itself; tests give directories of their own. */
export interface SystemFiles {
  sys: string;
  mountinfo: string;
  swaps: string;
}

export const thisSystem: SystemFiles = { sys: '/sys', mountinfo: '/proc/self/mountinfo', swaps: '/proc/swaps' };

/** A block device as the kernel knows it. */
export interface BlockDevice {
  /** As it was asked for. */
  path: string;
  /** Its number as stat gives it. */
  rdev: bigint;
  /** The kernel's name, without /dev. */
  name: string;
  /** Its directory below /sys. */
  directory: string;
  /** That of the whole disk: the same, unless it is a partition. */
  disk: string;
  isPartition: boolean;
}

/** Looks a block device up by its number: its path may be any link or node. Throws TargetRefused if it is none. */
export async function identify(path: string, system: SystemFiles = thisSystem): Promise<BlockDevice> {
  const entry = await stat(path, { bigint: true });
  if (!entry.isBlockDevice()) throw new TargetRefused(`${path} is no block device`, { advice: 'Name a disk, or a file.' });
  return { path, rdev: entry.rdev, ...(await lookUp(numberOf(entry.rdev), system)) };
}

/** @param number major and minor, as “8:16”. */
export async function lookUp(
  number: string,
  { sys }: SystemFiles,
): Promise<Pick<BlockDevice, 'name' | 'directory' | 'disk' | 'isPartition'>> {
  const directory = await realpath(join(sys, 'dev/block', number));
  const isPartition = (await attribute(directory, 'partition')) !== '';
  return { name: basename(directory), directory, disk: isPartition ? dirname(directory) : directory, isPartition };
}

/** The masks of glibc's bits/sysmacros.h. */
export function numberOf(rdev: bigint): string {
  const major = ((rdev & 0xfff00n) >> 8n) | ((rdev & 0xfffff00000000000n) >> 32n);
  const minor = (rdev & 0xffn) | ((rdev & 0xffffff00000n) >> 12n);
  return `${major}:${minor}`;
}

/** The trimmed content of a file below a device's directory; empty if there is none. */
export async function attribute(directory: string, name: string): Promise<string> {
  return readFile(join(directory, name), 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}

/** Names in a directory of a device, none if there is no such directory. */
export async function names(directory: string, name: string): Promise<string[]> {
  return readdir(join(directory, name)).catch(() => []);
}

/** Size in bytes; /sys counts in units of 512 whatever the sector. */
export async function sizeOf({ directory }: BlockDevice): Promise<number> {
  return Number(await attribute(directory, 'size')) * 512;
}

/** Path of the file that a loop device is made of; empty for any other device. */
export async function backingFile(path: string): Promise<string> {
  return attribute((await identify(path)).disk, 'loop/backing_file');
}

export async function blockDeviceBytes(path: string): Promise<number> {
  return sizeOf(await identify(path));
}

/** What a person knows a disk by: “Generic MassStorage, 31.9 GB”. */
export async function describeBlockDevice(path: string): Promise<string> {
  const device = await identify(path);
  const file = await attribute(device.disk, 'loop/backing_file');
  const words = [
    await attribute(device.disk, 'device/vendor'),
    await attribute(device.disk, 'device/model'),
    await attribute(device.disk, 'device/name'),
  ];
  const model = file === '' ? words.filter((word) => word !== '').join(' ') : `a loop device over ${file}`;
  return `${model || device.name}, ${((await sizeOf(device)) / 1e9).toFixed(1)} GB`;
}
