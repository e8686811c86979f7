import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { TargetRefused } from '../errors.ts';
import { makeScratch, type Scratch } from '../../../qemu/disk/scratch.ts';
import { lookUp, numberOf, type BlockDevice, type SystemFiles } from './block-devices.ts';
import { demandFree, demandSize, type BlockRules } from './safety.ts';

/** A /sys with a card sdb of two partitions, a device mapper over the second one, and a disk sda; nothing is mounted. */
async function fakeSystem(scratch: Scratch): Promise<SystemFiles> {
  const put = async (path: string, text: string) => {
    await mkdir(dirname(scratch.path(path)), { recursive: true });
    await writeFile(scratch.path(path), `${text}\n`);
  };
  const devices = 'sys/devices/usb1/block';
  for (const [name, number, files] of [
    ['sda', '8:0', { ro: '0', size: '2000' }],
    ['sdb', '8:16', { ro: '0', size: '62333952' }],
    ['sdb/sdb1', '8:17', { ro: '0', partition: '1' }],
    ['sdb/sdb2', '8:18', { ro: '0', partition: '2' }],
    ['dm-0', '254:0', { ro: '0', size: '1000' }],
  ] as const) {
    await put(`${devices}/${name}/dev`, number);
    for (const [file, text] of Object.entries(files)) await put(`${devices}/${name}/${file}`, text);
    for (const folder of ['holders', 'slaves', 'queue']) await mkdir(scratch.path(`${devices}/${name}/${folder}`), { recursive: true });
    for (const place of [`dev/block/${number}`, `class/block/${name.split('/').at(-1)}`]) {
      await mkdir(dirname(scratch.path(`sys/${place}`)), { recursive: true });
      await symlink(scratch.path(`${devices}/${name}`), scratch.path(`sys/${place}`));
    }
  }
  await put('mountinfo', '26 1 254:9 / / rw,relatime shared:1 - ext4 /dev/root rw');
  await put('swaps', 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority');
  return { sys: scratch.path('sys'), mountinfo: scratch.path('mountinfo'), swaps: scratch.path('swaps') };
}

async function device(system: SystemFiles, number: string): Promise<BlockDevice> {
  const known = await lookUp(number, system);
  return { path: `/dev/${known.name}`, rdev: 0n, ...known };
}

async function refuses(t: ExecutionContext, system: SystemFiles, number: string, message: RegExp, rules: BlockRules = {}) {
  const error = await t.throwsAsync(demandFree(await device(system, number), rules, system), { instanceOf: TargetRefused, message });
  t.truthy(error.advice);
}

test('a disk that nobody uses is free, and so is a partition where that is allowed', async (t) => {
  await using scratch = await makeScratch();
  const system = await fakeSystem(scratch);
  await t.notThrowsAsync(async () => demandFree(await device(system, '8:16'), {}, system));
  await refuses(t, system, '8:17', /^\/dev\/sdb1 is a partition of \/dev\/sdb, and an image is a whole disk$/);
  await t.notThrowsAsync(async () => demandFree(await device(system, '8:17'), { partitions: 'allowed' }, system));
});

test('a read-only disk is refused', async (t) => {
  await using scratch = await makeScratch();
  const system = await fakeSystem(scratch);
  await writeFile(scratch.path('sys/devices/usb1/block/sdb/ro'), '1\n');
  await refuses(t, system, '8:16', /^\/dev\/sdb is read-only$/);
});

for (const [what, line, found] of [
  ['the disk itself', '40 26 8:16 / /media/whole\\040card rw - vfat /dev/sdb rw', 'sdb is mounted on /media/whole card'],
  ['one of its partitions', '40 26 8:18 / /media/data rw shared:2 - ext4 /dev/sdb2 rw', 'sdb2 is mounted on /media/data'],
  ['a file system with numbers of its own', '40 26 0:45 /@ /media/pool rw - btrfs /dev/sdb1 rw', 'sdb1 is mounted on /media/pool'],
] as const) {
  test(`a disk is refused while ${what} is mounted`, async (t) => {
    await using scratch = await makeScratch();
    const system = await fakeSystem(scratch);
    await writeFile(system.mountinfo, `${line}\n`);
    await refuses(t, system, '8:16', new RegExp(`^/dev/sdb is in use: ${found}$`));
    await t.notThrowsAsync(async () => demandFree(await device(system, '8:0'), {}, system), 'another disk is none of it');
  });
}

test('a disk that the host swaps to is refused', async (t) => {
  await using scratch = await makeScratch();
  const system = await fakeSystem(scratch);
  await writeFile(system.swaps, 'Filename\tType\tSize\tUsed\tPriority\n/dev/sdb2   partition\t1000\t0\t-2\n');
  await refuses(t, system, '8:16', /^\/dev\/sdb is in use: this host swaps to sdb2$/);
});

test('a disk is refused for what is built on its partitions, and for what is mounted of that', async (t) => {
  await using scratch = await makeScratch();
  const system = await fakeSystem(scratch);
  await symlink(scratch.path('sys/devices/usb1/block/dm-0'), scratch.path('sys/devices/usb1/block/sdb/sdb2/holders/dm-0'));
  await symlink(scratch.path('sys/devices/usb1/block/sdb/sdb2'), scratch.path('sys/devices/usb1/block/dm-0/slaves/sdb2'));
  await refuses(t, system, '8:16', /^\/dev\/sdb is in use: dm-0 is built on it$/);
  await refuses(t, system, '254:0', /^\/dev\/dm-0 is no disk of its own: the kernel makes it out of sdb2$/);
  await writeFile(system.mountinfo, '40 26 254:0 / /srv rw - ext4 /dev/mapper/vault rw\n');
  await refuses(t, system, '8:16', /^\/dev\/sdb is in use: dm-0 is mounted on \/srv$/);
});

test('a disk of another size than its place wants is refused, and an empty reader', async (t) => {
  await using scratch = await makeScratch();
  const system = await fakeSystem(scratch);
  const card = await device(system, '8:16');
  t.is(await demandSize(card, { minBytes: 31e9, maxBytes: 32e9 }), 31_914_983_424);
  for (const rules of [{ minBytes: 32e9 }, { maxBytes: 31e9 }]) {
    await t.throwsAsync(demandSize(card, rules), {
      instanceOf: TargetRefused,
      message: /has 31,914,983,424 bytes, and .* are expected here$/,
    });
  }
  await writeFile(join(card.directory, 'size'), '0\n');
  await t.throwsAsync(demandSize(card, {}), { instanceOf: TargetRefused, message: /^there is no medium in \/dev\/sdb$/ });
});

test('a device’s number is split as the C library does', (t) => {
  t.is(numberOf(0x810n), '8:16');
  t.is(numberOf(0x10300n), '259:0');
  t.is(numberOf(0x30010012n), '256:196626');
});
