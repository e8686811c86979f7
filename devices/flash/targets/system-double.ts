import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Scratch } from '../../../qemu/disk/scratch.ts';
import { lookUp, type BlockDevice, type SystemFiles } from './block-devices.ts';

/** What a test changes in it. */
export interface SystemState {
  /** A line of mountinfo, of /proc/swaps. */
  mounts?: string;
  swaps?: string;
  readOnly?: boolean;
  /** Of sdb, in sectors of 512 bytes. */
  size?: string;
  /** What is built on what. */
  holders?: [holder: string, below: string][];
}

/** A /sys with a card sdb of two partitions, a disk sda, a device mapper, a RAID and a loop device over disk.img; nothing uses anything. */
export async function fakeSystem(
  scratch: Scratch,
  { mounts, swaps, readOnly = false, size = '62333952', holders = [] }: SystemState = {},
): Promise<SystemFiles> {
  const put = async (path: string, text: string) => {
    await mkdir(dirname(scratch.path(path)), { recursive: true });
    await writeFile(scratch.path(path), `${text}\n`);
  };
  const devices = 'sys/devices/usb1/block';
  for (const [name, number, files] of [
    ['sda', '8:0', { ro: '0', size: '2000' }],
    ['sdb', '8:16', { ro: readOnly ? '1' : '0', size }],
    ['sdb/sdb1', '8:17', { ro: '0', partition: '1' }],
    ['sdb/sdb2', '8:18', { ro: '0', partition: '2' }],
    ['dm-0', '254:0', { ro: '0', size: '1000' }],
    ['md0', '9:0', { ro: '0', size: '1000' }],
    ['loop7', '7:7', { ro: '0', size: '1000', 'loop/backing_file': scratch.path('disk.img') }],
  ] as const) {
    await put(`${devices}/${name}/dev`, number);
    for (const [file, text] of Object.entries(files)) await put(`${devices}/${name}/${file}`, text);
    for (const folder of ['holders', 'slaves', 'queue']) await mkdir(scratch.path(`${devices}/${name}/${folder}`), { recursive: true });
    for (const place of [`dev/block/${number}`, `class/block/${name.split('/').at(-1)}`]) {
      await mkdir(dirname(scratch.path(`sys/${place}`)), { recursive: true });
      await symlink(scratch.path(`${devices}/${name}`), scratch.path(`sys/${place}`));
    }
  }
  for (const [holder, below] of holders) {
    const [upper, lower] = [`${devices}/${holder}`, `${devices}/${/^sdb\d/.test(below) ? `sdb/${below}` : below}`];
    await symlink(scratch.path(upper), scratch.path(`${lower}/holders/${holder}`));
    await symlink(scratch.path(lower), scratch.path(`${upper}/slaves/${below}`));
  }
  await put('mountinfo', ['26 1 254:9 / / rw,relatime shared:1 - ext4 /dev/root rw', ...(mounts === undefined ? [] : [mounts])].join('\n'));
  await put('swaps', ['Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority', ...(swaps === undefined ? [] : [swaps])].join('\n'));
  return { sys: scratch.path('sys'), mountinfo: scratch.path('mountinfo'), swaps: scratch.path('swaps') };
}

/** A device of it by its number. */
export async function device(system: SystemFiles, number: string): Promise<BlockDevice> {
  const known = await lookUp(number, system);
  return { path: `/dev/${known.name}`, rdev: 0n, ...known };
}
