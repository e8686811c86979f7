import { budgets, emulationSlowness, type App, type Device, type SlotFault, type Slots, type SlotState } from '../devices/index.ts';
import { readOsRelease } from './ground-truth.ts';
import { backAfterBoot, testWithApp } from './services.ts';
import { expect, proves } from './suite.ts';

const { slotSettle: settleBudget, boot: bootBudget } = budgets(emulationSlowness);
/** Between the loader's word and the kernel's, the kernel's and init's, init's and the login prompt: one cut in each part of a first boot. */
const cutPoints = [
  { name: 'the kernel starts', line: /Linux version/ },
  { name: 'init starts', line: /systemd\[1\]: |Welcome to / },
  { name: 'it asks for a login', line: / login: / },
] as const;

const test = testWithApp({
  id: 4717,
  name: 'rollback',
  services: { main: { networkMode: 'host', volumes: ['kept:/data'] } },
  volumes: ['kept'],
}).extend<{
  slots: Slots;
}>({
  slots: async ({ device }, use, testInfo) => {
    testInfo.skip(device.slots === undefined, `${device.id} has no slots`);
    if (device.slots === undefined) return;
    // Another version runs after these tests than the one that was flashed.
    await device.markDirty('the rollback suite has written both slots');
    await use(device.slots);
  },
});

/** The slot's part of a state: what says that nothing is pending. */
const stated = { loader: { upgradeAvailable: false, bootcount: 0 }, breadcrumbs: [] };
const rootPart = (slot: SlotState['active']): number => (slot === 'A' ? 2 : 3);

/** Writes an update into the inactive slot, with short health timers, and breaks it there if asked to. Doesn't reboot. */
async function installUpdate(slots: Slots, fault?: SlotFault): Promise<{ before: SlotState; pending: SlotState }> {
  const before = await slots.state();
  await slots.install(await slots.deliverUpdate());
  // One that fails its health check for certain needn't be given time to pass it.
  await slots.shortenHealthTimers(fault === 'failing-health' ? { checks: 2 } : {});
  if (fault !== undefined) await slots.damage(fault);
  return { before, pending: await slots.state() };
}

/** How many kernels that never got as far as init the console tells of, and how many that did. */
async function kernelsSince(device: Device, mark: number): Promise<{ failed: number; sound: number }> {
  const boots = await device.console.boots({ from: mark });
  const sound = boots.filter(({ stages }) => stages.some(({ name }) => name === 'init')).length;
  return { failed: boots.length - sound, sound };
}

/** An update to a slot that is broken on purpose, up to the state in which the device comes to rest. */
const brokenUpdate = (device: Device, slots: Slots, fault: SlotFault) => async () => {
  const { before, pending } = await installUpdate(slots, fault);
  const mark = await device.console.mark();
  await device.reboot('dbus', { timeout: settleBudget });
  const after = await slots.settled({ timeout: settleBudget });
  return { before, pending, after, kernels: await kernelsSince(device, mark) };
};

/** An update that works, up to its commit. */
const goodUpdate = (device: Device, app: App, slots: Slots) => async () => {
  const main = app.service('main');
  const token = crypto.randomUUID();
  await main.check(`printf %s ${token} > /data/token && sync`);
  const { before, pending } = await installUpdate(slots);
  const bootId = await device.bootId();
  const refused = { status: 0, text: '' };
  await device.expectNoReboot(async () => {
    const { status, text } = await device.supervisor.request('POST', '/v1/reboot', { body: {} });
    Object.assign(refused, { status, text });
  });
  const unmoved = bootId === (await device.bootId());
  await device.reboot('dbus');
  const after = await slots.settled({ timeout: settleBudget });
  await backAfterBoot(device, [main]);
  const kept = (await main.run('cat /data/token')).stdout;
  const hostOsVersion = (await main.environment())['BALENA_HOST_OS_VERSION'];
  // The app has done its part: none of the boots that follow has to bring it back.
  await device.engine.clear();
  return {
    token,
    kept,
    hostOsVersion,
    prettyName: (await readOsRelease(device))['PRETTY_NAME'],
    before,
    pending,
    refused,
    unmoved,
    after,
  };
};

const good = 'rollback: a good update';

test('the disk has the documented partitions', proves('rollback.layout'), async ({ device }) => {
  // From the kernel and the file systems themselves, in the order of the disk.
  const rows = await device.host.check(
    'disk=$(lsblk -n -o PKNAME "$(readlink -f /dev/disk/by-label/resin-data)"); for part in $(lsblk -n -r -b -x START -o NAME /dev/$disk | grep -v "^$disk$"); do blkid -c /dev/null -p -o export /dev/$part | grep -E "^(LABEL|TYPE)=" | sort | tr "\\n" " "; echo; done',
  );
  const partitions = rows.split('\n').flatMap((row) => {
    const label = /\bLABEL=(resin-\w+)/.exec(row)?.[1];
    return label === undefined ? [] : [[label, /\bTYPE=(\w+)/.exec(row)?.[1]]];
  });
  expect(partitions).toEqual([
    ['resin-boot', 'vfat'],
    ['resin-rootA', 'ext4'],
    ['resin-rootB', 'ext4'],
    ['resin-state', 'ext4'],
    ['resin-data', 'ext4'],
  ]);
});

test('the root file system refuses writes', proves('rollback.root-is-read-only'), async ({ device }) => {
  for (const directory of ['/', '/usr/bin', '/etc']) {
    const { exitCode, stderr } = await device.host.run(`touch ${directory}/boardwalk-was-here`);
    expect(exitCode, directory).not.toBe(0);
    expect(stderr, directory).toMatch(/Read-only file system/);
  }
  const options = await device.host.check('findmnt -n -o OPTIONS /');
  expect(options.split(',')).toContain('ro');
});

test('a power cut during the write of the inactive slot', proves('rollback.power-cut-while-writing'), async ({ device, slots }) => {
  const before = await slots.state();
  const update = await slots.deliverUpdate();
  // 1. The installation goes on by itself; the kernel's counters tell when it has begun to write.
  const written = () =>
    device.host.check(
      `awk '{ print $7 }' /sys/class/block/$(basename $(readlink -f /dev/disk/by-partlabel/resin-root${before.active === 'A' ? 'B' : 'A'}))/stat`,
    );
  const sectors = Number(await written());
  await device.host.check(`(hostapp-update -f ${update} >/run/boardwalk-install.log 2>&1 &) </dev/null`);
  await expect
    .poll(async () => Number(await written()) - sectors, {
      message: 'sectors written to the inactive slot',
      timeout: bootBudget,
      intervals: [50],
    })
    .toBeGreaterThan(2048);
  // 2. The cut.
  await device.reboot('power-cycle');
  const after = await slots.settled({ timeout: settleBudget });
  expect(after).toMatchObject({ active: before.active, osVersion: before.osVersion, ...stated, results: before.results });
});

test('a slot without init is given up', proves('rollback.no-init-falls-back'), async ({ device, slots, once }) => {
  const { before, pending, after, kernels } = await once('rollback: no init', brokenUpdate(device, slots, 'no-init'));
  expect(pending.loader, 'before the reboot').toMatchObject({
    rootPart: rootPart(before.active === 'A' ? 'B' : 'A'),
    upgradeAvailable: true,
  });
  expect(after.active).toBe(before.active);
  expect(after.loader.rootPart).toBe(rootPart(before.active));
  expect(kernels.failed, 'attempts of the new slot').toBe(before.attemptsBeforeFallback);
});

test('giving up a slot without init is reported', proves('rollback.no-init-is-reported'), async ({ device, slots, once }) => {
  const { after } = await once('rollback: no init', brokenUpdate(device, slots, 'no-init'));
  expect(after).toMatchObject({ ...stated, results: ['rollback-altboot-triggered'] });
});

test('a slot with a corrupt kernel is given up', proves('rollback.corrupt-kernel-falls-back'), async ({ device, slots, once }) => {
  const { before, after } = await once('rollback: corrupt kernel', brokenUpdate(device, slots, 'corrupt-kernel'));
  expect(after).toMatchObject({ active: before.active, ...stated, results: ['rollback-altboot-triggered'] });
  expect(after.loader.rootPart).toBe(rootPart(before.active));
});

test('an OS that fails its health check goes back', proves('rollback.failing-health-rolls-back'), async ({ device, slots, once }) => {
  const { before, after, kernels } = await once('rollback: failing health', brokenUpdate(device, slots, 'failing-health'));
  expect(after.active).toBe(before.active);
  expect(after.loader.rootPart).toBe(rootPart(before.active));
  // The new OS came up whole, and so did the old one: it was the health check that decided.
  expect(kernels).toEqual({ failed: 0, sound: 2 });
});

test('a roll-back for health is reported', proves('rollback.failing-health-is-reported'), async ({ device, slots, once }) => {
  const { after } = await once('rollback: failing health', brokenUpdate(device, slots, 'failing-health'));
  expect(after).toMatchObject({ ...stated, results: ['rollback-health-triggered'] });
});

test('the next update after a rollback works', proves('rollback.update-after-rollback'), async ({ device, app, slots, once }) => {
  // Whichever of these tests run, the good update is the one that follows the roll-back.
  const rolledBack = await once('rollback: failing health', brokenUpdate(device, slots, 'failing-health'));
  const { before, after } = await once(good, goodUpdate(device, app, slots));
  expect(before.active).toBe(rolledBack.after.active);
  expect(after.active).not.toBe(before.active);
  expect(after).toMatchObject({ ...stated, results: [] });
});

test('an installed update is pending', proves('rollback.update-is-pending'), async ({ device, app, slots, once }) => {
  const { before, pending } = await once(good, goodUpdate(device, app, slots));
  expect(pending.active, 'the slot that runs').toBe(before.active);
  expect(pending.loader).toEqual({ rootPart: rootPart(before.active === 'A' ? 'B' : 'A'), upgradeAvailable: true, bootcount: 0 });
  expect(pending.breadcrumbs).toEqual(['rollback-health-breadcrumb', 'rollback-altboot-breadcrumb']);
  expect(pending.results).toEqual([]);
});

test(
  'POST /v1/reboot is refused while an update is pending',
  proves('rollback.reboot-refused-while-pending'),
  async ({ device, app, slots, once }) => {
    const { refused, unmoved } = await once(good, goodUpdate(device, app, slots));
    expect(refused.status).toBe(423);
    expect(unmoved, 'the same boot_id').toBe(true);
  },
);

test('a good update boots the other slot', proves('rollback.update-boots-other-slot'), async ({ device, app, slots, once }) => {
  const { before, after } = await once(good, goodUpdate(device, app, slots));
  expect(after.active).not.toBe(before.active);
  expect(after.loader.rootPart).toBe(rootPart(after.active));
  expect(after.osVersion).not.toBe(before.osVersion);
});

test('a good update is committed', proves('rollback.update-is-committed'), async ({ device, app, slots, once }) => {
  const { after } = await once(good, goodUpdate(device, app, slots));
  expect(after).toMatchObject({ ...stated, results: [] });
});

test('an update keeps volumes', proves('rollback.update-keeps-volumes'), async ({ device, app, slots, once }) => {
  const { token, kept } = await once(good, goodUpdate(device, app, slots));
  expect(kept).toBe(token);
});

test('HOST_OS_VERSION follows an update', proves('rollback.update-shows-in-host-os-version'), async ({ device, app, slots, once }) => {
  const { before, hostOsVersion, prettyName } = await once(good, goodUpdate(device, app, slots));
  expect(hostOsVersion).toBe(prettyName);
  expect(hostOsVersion).not.toBe(before.osVersion);
});

for (const [index, { name, line }] of cutPoints.entries()) {
  test(
    `a power cut in the first boot of a new slot, when ${name}`,
    proves('rollback.power-cut-in-first-boot'),
    async ({ device, slots }) => {
      const { before } = await installUpdate(slots);
      const mark = await device.console.mark();
      await device.reboot(async () => {
        // The first power cycle boots the new slot, the second one cuts into that boot.
        await device.power.cycle();
        await device.console.expect(line, { from: mark, timeout: bootBudget });
        await device.power.cycle();
      });
      const after = await slots.settled({ timeout: settleBudget });
      // Which slot it is depends on how far the boot had come; that it is one, whole and stated, doesn't.
      expect(after).toMatchObject({ ...stated, loader: { ...stated.loader, rootPart: rootPart(after.active) } });
      const results = after.active === before.active ? ['rollback-altboot-triggered'] : [];
      expect(after.results, `after ending on slot ${after.active}`).toEqual(results);
      // Nothing comes after the last of them that would install an update.
      if (index === cutPoints.length - 1) await slots.discardUpdate();
    },
  );
}
