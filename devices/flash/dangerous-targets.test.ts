import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { link, mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { makeScratch, type Scratch } from '../../qemu/disk/scratch.ts';
import { TargetRefused } from './errors.ts';
import { flash } from './flash.ts';
import { specimen, specimenBytes } from './specimen.ts';
import { makeLoop, onLoop } from './targets/loop-device.ts';
import { demandFree, demandFreeFile, demandSize, type BlockRules } from './targets/safety.ts';
import { device, fakeSystem, type SystemState } from './targets/system-double.ts';

// Everything that an image isn't written onto, numbered. Each is refused in one sentence with advice, before a byte is written.

const { disk } = specimen();

async function refused(t: ExecutionContext, flashing: Promise<unknown>, message: RegExp) {
  const error = await t.throwsAsync(flashing, { instanceOf: TargetRefused, message });
  t.truthy(error.advice);
}

/** What a path leads to: made in a directory that has an `image`. */
const paths: [what: string, make: (scratch: Scratch) => Promise<string>, message: RegExp][] = [
  ['a directory', async (scratch) => scratch.path(''), /is neither a disk nor a file$/],
  ['a character device', async () => '/dev/null', /is neither a disk nor a file$/],
  [
    'a named pipe',
    async (scratch) => {
      execFileSync('mkfifo', [scratch.path('pipe')]);
      return scratch.path('pipe');
    },
    /is neither a disk nor a file$/,
  ],
  [
    'a socket',
    async (scratch) => {
      const server = createServer().listen(scratch.path('socket'));
      await once(server, 'listening');
      server.unref();
      return scratch.path('socket');
    },
    /is neither a disk nor a file$/,
  ],
  [
    'a disk that isn’t there, of which a file in memory would be made',
    async () => '/dev/no-such-disk',
    /^there is no \/dev\/no-such-disk$/,
  ],
  [
    'a link to such a disk',
    async (scratch) => {
      await symlink('/dev/no-such-disk', scratch.path('card'));
      return scratch.path('card');
    },
    /is a link that leads nowhere$/,
  ],
  ['a directory that isn’t there', async (scratch) => scratch.path('nowhere/target'), /can't be written \(ENOENT/],
  ['the image itself', async (scratch) => scratch.path('image'), /is the image itself$/],
  [
    'the image by another name',
    async (scratch) => {
      await link(scratch.path('image'), scratch.path('other'));
      return scratch.path('other');
    },
    /is the image itself$/,
  ],
  [
    'the image through a link',
    async (scratch) => {
      await symlink(scratch.path('image'), scratch.path('link'));
      return scratch.path('link');
    },
    /is the image itself$/,
  ],
  [
    'a file that stands for a smaller disk',
    (scratch) => scratch.write('target', Buffer.alloc(specimenBytes - 4096)),
    /^the image doesn't fit: /,
  ],
];

const sdb = '8:16';
/** A block device of a system in some state, by its number. */
const blockDevices: [what: string, number: string, state: SystemState, message: RegExp][] = [
  ['a partition', '8:17', {}, /^\/dev\/sdb1 is a partition of \/dev\/sdb, and an image is a whole disk$/],
  ['a read-only disk', sdb, { readOnly: true }, /^\/dev\/sdb is read-only$/],
  [
    'a mounted disk',
    sdb,
    { mounts: '40 26 8:16 / /media/whole\\040card rw - vfat /dev/sdb rw' },
    /^\/dev\/sdb is in use: sdb is mounted on \/media\/whole card$/,
  ],
  ['a disk with a mounted partition', sdb, { mounts: '40 26 8:18 / / rw shared:2 - ext4 /dev/sdb2 rw' }, /sdb2 is mounted on \/$/],
  [
    'a disk of a file system with numbers of its own',
    sdb,
    { mounts: '40 26 0:45 /@ /media/pool rw - btrfs /dev/sdb1 rw' },
    /sdb1 is mounted on \/media\/pool$/,
  ],
  ['a disk with a swap partition', sdb, { swaps: '/dev/sdb2   partition\t1000\t0\t-2' }, /this host swaps to sdb2$/],
  ['a disk that is swapped to as a whole', sdb, { swaps: '/dev/sdb   partition\t1000\t0\t-2' }, /this host swaps to sdb$/],
  [
    'a disk under a volume group or an encrypted volume',
    sdb,
    { holders: [['dm-0', 'sdb2']] },
    /^\/dev\/sdb is in use: dm-0 is built on it$/,
  ],
  ['a disk of a RAID', sdb, { holders: [['md0', 'sdb']] }, /^\/dev\/sdb is in use: md0 is built on it$/],
  [
    'a disk under what is mounted two floors up',
    sdb,
    {
      holders: [
        ['md0', 'sdb1'],
        ['dm-0', 'md0'],
      ],
      mounts: '40 26 254:0 / /srv rw - ext4 /dev/mapper/vault rw',
    },
    /dm-0 is mounted on \/srv$/,
  ],
  ['a disk under swap two floors up', sdb, { holders: [['md0', 'sdb1']], swaps: '/dev/md0   partition\t1000\t0\t-2' }, /sdb is in use: /],
  ['a volume', '254:0', { holders: [['dm-0', 'sdb2']] }, /^\/dev\/dm-0 is no disk of its own: the kernel makes it out of sdb2$/],
  ['a RAID', '9:0', { holders: [['md0', 'sdb']] }, /^\/dev\/md0 is no disk of its own: the kernel makes it out of sdb$/],
];

/** A medium that isn't the one that belongs there. */
const media: [what: string, state: SystemState, rules: BlockRules, message: RegExp][] = [
  ['an empty card reader', { size: '0' }, {}, /^there is no medium in \/dev\/sdb$/],
  [
    'a disk that is smaller than the card that belongs there',
    {},
    { minBytes: 32e9 },
    /has 31,914,983,424 bytes, and 32,000,000,000 to .* are expected here$/,
  ],
  ['a disk that is larger', {}, { maxBytes: 31e9 }, /and 0 to 31,000,000,000 are expected here$/],
];

let number = 0;
const numbered = (what: string) => `${(number += 1)}. ${what} is refused`;

for (const [what, make, message] of paths) {
  test(numbered(what), async (t) => {
    await using scratch = await makeScratch();
    const image = await scratch.write('image', disk);
    const target = await make(scratch);
    await refused(t, flash({ image, target }), message);
    t.true(disk.equals(await readFile(image)));
  });
}

for (const [what, at, state, message] of blockDevices) {
  test(numbered(what), async (t) => {
    await using scratch = await makeScratch();
    const system = await fakeSystem(scratch, state);
    await refused(t, demandFree(await device(system, at), {}, system), message);
  });
}

for (const [what, state, rules, message] of media) {
  test(numbered(what), async (t) => {
    await using scratch = await makeScratch();
    await refused(t, demandSize(await device(await fakeSystem(scratch, state), sdb), rules), message);
  });
}

test(numbered('a file that a loop device is made of'), async (t) => {
  await using scratch = await makeScratch();
  const system = await fakeSystem(scratch);
  await refused(t, demandFreeFile(await scratch.write('disk.img', disk), system), /disk\.img is in use: \/dev\/loop7 is made of it$/);
});

test(numbered('a file that this host swaps to'), async (t) => {
  await using scratch = await makeScratch();
  const file = await scratch.write('swapfile', disk);
  const system = await fakeSystem(scratch, { swaps: `${file}   file\t1000\t0\t-2` });
  await refused(t, demandFreeFile(file, system), /swapfile is in use: this host swaps to it$/);
});

onLoop(test, numbered('a real disk that is too small for the image'), async (t) => {
  await using scratch = await makeScratch();
  await using loop = await makeLoop(scratch, specimenBytes - 4096);
  await refused(t, flash({ image: await scratch.write('image', disk), target: loop.path }), /doesn't fit/);
  t.true((await readFile(loop.backing)).every((byte) => byte === 0));
});

onLoop(test, numbered('a real disk that another program has claimed'), async (t) => {
  await using scratch = await makeScratch();
  await using loop = await makeLoop(scratch, specimenBytes);
  await using _held = await open(loop.path, constants.O_RDONLY | constants.O_EXCL);
  await refused(t, flash({ image: await scratch.write('image', disk), target: loop.path }), /the kernel doesn't give it to us alone$/);
  t.true((await readFile(loop.backing)).every((byte) => byte === 0));
});

onLoop(test, numbered('a real loop device over the image'), async (t) => {
  await using scratch = await makeScratch();
  await using loop = await makeLoop(scratch, specimenBytes);
  await writeFile(loop.backing, disk);
  await refused(t, flash({ image: loop.backing, target: loop.path }), /is the image itself$/);
  t.true(disk.equals(await readFile(loop.backing)));
});

onLoop(test, numbered('a real file under a loop device'), async (t) => {
  await using scratch = await makeScratch();
  await using loop = await makeLoop(scratch, specimenBytes);
  await mkdir(scratch.path('elsewhere'));
  await symlink(loop.backing, scratch.path('elsewhere/link'));
  await refused(t, flash({ image: await scratch.write('image', disk), target: scratch.path('elsewhere/link') }), /is made of it$/);
});
