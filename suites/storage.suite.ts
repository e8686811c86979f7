import type { App, Device, Service, Stick, StickFilesystem, Sticks, StickSpec } from '../devices/index.ts';
import { budgets, emulationSlowness } from '../devices/index.ts';
import { backAfterBoot, testWithApp } from './services.ts';
import { expect, measure, proves } from './suite.ts';

const { stick: stickBudget } = budgets(emulationSlowness);
const privileged = { privileged: true, networkMode: 'host' } as const;

const test = testWithApp({
  id: 4716,
  name: 'storage',
  services: {
    // As the documentation prepares a container for media.
    media: { ...privileged, environment: { UDEV: 'on' } },
    // Two that lack one thing each. The first is also the other container, which doesn't share in a mount.
    'no-udev': { ...privileged, environment: { UDEV: 'off' } },
    unprivileged: { networkMode: 'host', environment: { UDEV: 'on' } },
  },
}).extend<{ sticks: Sticks }>({
  // Each test brings its own sticks and leaves none.
  sticks: async ({ device, app }, use, testInfo) => {
    testInfo.skip(device.sticks === undefined, `${device.id} has no sticks`);
    if (device.sticks === undefined) return;
    await use(device.sticks);
    await device.sticks.clear();
    await expect.poll(() => mounts(device, app.service('media')), { message: 'mounts that are left', timeout: stickBudget }).toEqual([]);
  },
});

interface Mount {
  source: string;
  point: string;
  type: string;
}

/** Where the host's kernel shows a service's mounts and files: to read there costs an emulated device a tenth of what a process in the container does. */
async function processOf(service: Service): Promise<string> {
  return `/proc/${(await service.inspect()).State.Pid}`;
}

/** What a service has mounted from sticks: from disks that aren't the one that the OS keeps its data on. */
async function mounts(device: Device, service: Service): Promise<Mount[]> {
  const lines = (await device.host.check(`grep ' /mnt/data ' /proc/1/mounts; cat ${await processOf(service)}/mounts`)).split('\n');
  const [own, ...all] = lines.map((line) => line.split(' '));
  // /dev/sda of /dev/sda5, /dev/mmcblk0 of /dev/mmcblk0p5.
  const ownDisk = own?.[0]?.replace(/(?<=\d)p\d+$|(?<=[a-z])\d+$/, '') ?? '';
  return all.flatMap(([source = '', point = '', type = '']) =>
    /^\/dev\/(sd|mmcblk)/.test(source) && !source.startsWith(ownDisk) ? [{ source, point, type }] : [],
  );
}

/** Where the documented scripts mount a stick: by bus, label and UUID; without a label by bus and UUID. */
const placeOf = ({ label, uuid }: Stick): string => `/mnt/storage-usb-${label === undefined ? '' : `${label}-`}${uuid}`;

/** Resolves with the stick's mount once it is there. */
async function awaitMount(device: Device, service: Service, stick: Stick): Promise<Mount> {
  let found: Mount | undefined;
  const look = async () => {
    found = (await mounts(device, service)).find(({ point }) => point === placeOf(stick));
    return found?.point;
  };
  await expect
    .poll(look, { message: `the mount of a ${stick.filesystem} stick`, timeout: stickBudget, intervals: [100] })
    .toBe(placeOf(stick));
  if (found === undefined) throw new RangeError('unreachable: the poll has found it');
  return found;
}

/** Resolves once the stick's mount and its mount point are gone. */
async function awaitUnmount(device: Device, service: Service, place: string): Promise<void> {
  const look = async () => {
    const process = await processOf(service);
    const there = `${process}/root${place}`;
    const { stdout } = await device.host.run(
      `if [ -e ${there} ]; then ls -d ${there}; else echo gone; fi; grep -c ' ${place} ' ${process}/mounts`,
    );
    return stdout;
  };
  await expect.poll(look, { message: `${place} after the stick was pulled`, timeout: stickBudget, intervals: [100] }).toBe('gone\n0\n');
}

/** A stick with a file that tells it from any other. */
async function newStick(sticks: Sticks, spec: StickSpec): Promise<{ stick: Stick; token: string }> {
  const token = crypto.randomUUID();
  return { stick: await sticks.create({ ...spec, files: { 'from-the-bench': token } }), token };
}

/** One life of a stick in the container: inserted, read, written to, pulled, and looked at on the bench. */
const roundTrip = (device: Device, app: App, sticks: Sticks, filesystem: StickFilesystem) => async () => {
  const media = app.service('media');
  const { stick, token } = await newStick(sticks, { filesystem, label: 'BOARDWALK' });
  const since = performance.now();
  await stick.insert();
  const { point, type } = await awaitMount(device, media, stick);
  const mountSeconds = (performance.now() - since) / 1000;
  const read = await media.check(`cat ${point}/from-the-bench`);
  const reply = crypto.randomUUID();
  await media.check(`mkdir ${point}/folder && printf %s ${reply} > ${point}/folder/from-the-device && sync`);
  await stick.pull();
  await awaitUnmount(device, media, point);
  const written = Buffer.from(await stick.readFile('folder/from-the-device')).toString();
  await stick.discard();
  return { type, mountSeconds, token, read, reply, written };
};

for (const [filesystem, id] of [
  ['vfat', 'storage.vfat-automounts'],
  ['ext4', 'storage.ext4-automounts'],
] as const) {
  test(`a labelled ${filesystem} stick is mounted`, proves(id), async ({ device, app, sticks, once }) => {
    const { type, token, read, mountSeconds } = await once(`storage: ${filesystem}`, roundTrip(device, app, sticks, filesystem));
    expect(type).toBe(filesystem);
    expect(read, 'the file that the bench put on it').toBe(token);
    await measure('insertion to mount', mountSeconds, { unit: 's', max: stickBudget / 1000, better: 'lower' });
  });
}

test('what the container writes is on the stick', proves('storage.written-is-on-the-stick'), async ({ device, app, sticks, once }) => {
  for (const filesystem of ['vfat', 'ext4'] as const) {
    const { reply, written } = await once(`storage: ${filesystem}`, roundTrip(device, app, sticks, filesystem));
    expect(written, `the file on the ${filesystem} stick's image on the bench`).toBe(reply);
  }
});

test('a pulled stick is unmounted and its mount point is gone', proves('storage.pulled-is-unmounted'), async ({ device, app, sticks }) => {
  const media = app.service('media');
  const { stick } = await newStick(sticks, { filesystem: 'vfat', label: 'PULLED' });
  await stick.insert();
  const { point } = await awaitMount(device, media, stick);
  await stick.pull();
  await awaitUnmount(device, media, point);
});

test('two sticks are mounted side by side', proves('storage.two-sticks'), async ({ device, app, sticks }) => {
  const media = app.service('media');
  const pair = [
    await newStick(sticks, { filesystem: 'vfat', label: 'LEFT' }),
    await newStick(sticks, { filesystem: 'ext4', label: 'RIGHT' }),
  ];
  for (const { stick } of pair) await stick.insert();
  for (const { stick, token } of pair) {
    const { point, type } = await awaitMount(device, media, stick);
    expect(type).toBe(stick.filesystem);
    expect(await media.check(`cat ${point}/from-the-bench`)).toBe(token);
  }
});

test('two sticks of one label are both mounted', proves('storage.same-label-twice'), async ({ device, app, sticks }) => {
  const media = app.service('media');
  const pair = [
    await newStick(sticks, { filesystem: 'vfat', label: 'TWIN' }),
    await newStick(sticks, { filesystem: 'vfat', label: 'TWIN' }),
  ];
  for (const { stick } of pair) await stick.insert();
  for (const { stick, token } of pair) {
    const { point } = await awaitMount(device, media, stick);
    expect(await media.check(`cat ${point}/from-the-bench`), point).toBe(token);
  }
});

for (const [what, id, argument] of [
  ['label', 'storage.mount-by-label', ({ label }: Stick) => `-L ${label}`],
  ['UUID', 'storage.mount-by-uuid', ({ uuid }: Stick) => `-U ${uuid}`],
  ['device name', 'storage.mount-by-name', (_: Stick, { source }: Mount) => source],
] as const) {
  test(`a stick is mounted by its ${what}`, proves(id), async ({ device, app, sticks }) => {
    const media = app.service('media');
    // The one meant, and one that is not.
    const meant = await newStick(sticks, { filesystem: 'vfat', label: 'MEANT' });
    const other = await newStick(sticks, { filesystem: 'vfat', label: 'OTHER' });
    await other.stick.insert();
    await awaitMount(device, media, other.stick);
    await meant.stick.insert();
    const automount = await awaitMount(device, media, meant.stick);
    await media.check(`umount ${automount.point} && mkdir -p /mnt/by-hand && mount ${argument(meant.stick, automount)} /mnt/by-hand`);
    try {
      expect(await media.check('cat /mnt/by-hand/from-the-bench')).toBe(meant.token);
    } finally {
      await media.check(`umount /mnt/by-hand; rmdir /mnt/by-hand ${automount.point}`);
    }
  });
}

test('a stick without a label is mounted by its UUID', proves('storage.no-label'), async ({ device, app, sticks }) => {
  const media = app.service('media');
  const { stick, token } = await newStick(sticks, { filesystem: 'vfat' });
  await stick.insert();
  const { point, source } = await awaitMount(device, media, stick);
  expect(await media.check(`blkid -c /dev/null -s LABEL -o value ${source} || true`), 'its label').toBe('');
  expect(await media.check(`cat ${point}/from-the-bench`)).toBe(token);
});

test('a container without UDEV=on is told of no stick', proves('storage.needs-udev-on'), async ({ device, app, sticks }) => {
  const { source, place } = await insertedIn(device, app, sticks, 'UDEVOFF');
  const without = app.service('no-udev');
  expect(await mounts(device, without)).toEqual([]);
  const looked = await without.run(`ls ${source} ${place} /usr/src/mount.log`);
  expect(looked.stdout, "what it has of the stick: no device node, no mount point, no word in the scripts' log").toBe('');
});

test('a container without privileges gets at no stick', proves('storage.needs-privileges'), async ({ device, app, sticks }) => {
  const { source, place } = await insertedIn(device, app, sticks, 'NORIGHTS');
  const without = app.service('unprivileged');
  expect(await mounts(device, without)).toEqual([]);
  expect((await without.run(`ls ${source} ${place}`)).stdout, 'device node and mount point').toBe('');
  // Nor by a node of its own making.
  const [major, minor] = (await app.service('media').check(`stat -c '%t %T' ${source}`)).split(' ').map((hex) => Number.parseInt(hex, 16));
  const opened = await without.run(`mknod /tmp/node b ${major} ${minor} && head -c 1 /tmp/node | wc -c`);
  await without.check('rm -f /tmp/node');
  expect(opened.stderr).toMatch(/Operation not permitted/);
  expect(opened.stdout.trim() || '0', 'bytes read from the stick').toBe('0');
});

test("a mount in one container isn't seen in another", proves('storage.mount-is-private'), async ({ device, app, sticks }) => {
  const { place } = await insertedIn(device, app, sticks, 'PRIVATE');
  for (const other of ['no-udev', 'unprivileged'] as const) {
    expect(await mounts(device, app.service(other)), other).toEqual([]);
    expect((await app.service(other).run(`ls -d ${place}`)).exitCode, `${place} in ${other}`).not.toBe(0);
  }
});

/** A stick that the well prepared container has mounted. */
async function insertedIn(device: Device, app: App, sticks: Sticks, label: string): Promise<{ source: string; place: string }> {
  const { stick, token } = await newStick(sticks, { filesystem: 'vfat', label });
  await stick.insert();
  const { source, point } = await awaitMount(device, app.service('media'), stick);
  expect(await app.service('media').check(`cat ${point}/from-the-bench`)).toBe(token);
  return { source, place: point };
}

test(
  'a stick pulled during a write leaves the container running',
  proves('storage.yank-while-writing'),
  async ({ device, app, sticks }) => {
    const media = app.service('media');
    const { stick, token } = await newStick(sticks, { filesystem: 'vfat', label: 'YANKED', sizeMiB: 64 });
    await stick.insert();
    const { point } = await awaitMount(device, media, stick);
    const before = await media.inspect();
    // 1. A write that goes on until the stick is gone.
    await media.check(`(while dd if=/dev/zero of=${point}/big bs=64k count=512 conv=fsync; do :; done) >/tmp/writer.log 2>&1 </dev/null &`);
    await expect
      .poll(async () => Number((await media.run(`stat -c %s ${point}/big`)).stdout), {
        message: 'bytes written so far',
        timeout: stickBudget,
        intervals: [100],
      })
      .toBeGreaterThan(0);
    await stick.pull();
    await awaitUnmount(device, media, point);
    // 2. The same container, never restarted, mounts the next insertion.
    const after = await media.inspect();
    expect({ id: after.Id, started: after.State.StartedAt }).toEqual({ id: before.Id, started: before.State.StartedAt });
    await stick.insert();
    await awaitMount(device, media, stick);
    expect(await media.check(`cat ${point}/from-the-bench`)).toBe(token);
  },
);

test(
  'a file system is mounted if the kernel knows it',
  proves('storage.unsupported-filesystem'),
  async ({ device, app, sticks }, testInfo) => {
    const media = app.service('media');
    // Those that an image for devices is likeliest not to know come first.
    const makeable = await sticks.filesystems();
    const filesystem = (['btrfs', 'ntfs', 'exfat'] as const).find((each) => makeable.includes(each));
    testInfo.skip(filesystem === undefined, `the bench can make none of btrfs, ntfs and exfat: ${makeable.join(' ')}`);
    if (filesystem === undefined) return;
    const { stick, token } = await newStick(sticks, { filesystem, label: 'RARE', sizeMiB: 128 });
    await stick.insert();
    const said = () => media.run('cat /usr/src/mount.log').then(({ stdout }) => stdout);
    await expect
      .poll(said, { message: "the scripts' word on the stick", timeout: stickBudget, intervals: [100] })
      .toMatch(new RegExp(`${filesystem} mounted at|the kernel doesn't know the file system ${filesystem}`));
    // Asked after the attempt, for which a kernel loads the module.
    const known = await device.host.check('cat /proc/filesystems');
    if (new RegExp(`\\b${filesystem}$`, 'm').test(known)) {
      const { point } = await awaitMount(device, media, stick);
      expect(await media.check(`cat ${point}/from-the-bench`)).toBe(token);
    } else {
      expect(await mounts(device, media), `mounts, with no ${filesystem} in /proc/filesystems`).toEqual([]);
    }
  },
);

test('a stick that is there at boot is mounted', proves('storage.present-at-boot'), async ({ device, app, sticks }) => {
  const media = app.service('media');
  const { stick, token } = await newStick(sticks, { filesystem: 'vfat', label: 'ATBOOT' });
  await stick.insert();
  await awaitMount(device, media, stick);
  await device.reboot('dbus');
  await backAfterBoot(device, Object.values(app.services));
  const { point } = await awaitMount(device, media, stick);
  expect(await media.check(`cat ${point}/from-the-bench`)).toBe(token);
});
