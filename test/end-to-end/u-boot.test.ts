import test from 'ava';
import { boardwalk, lastSummary, workingDirectory } from './command.ts';

test.serial('U-Boot of an emulated ARM board boots the image, and goes back to the old slot at the fourth attempt', async (t) => {
  t.timeout(15 * 60_000);
  const { path, remove } = await workingDirectory();
  t.teardown(remove);
  const { code, stdout, stderr } = await boardwalk(path, 'run', '--device', 'qemuarm64', 'rollback', '--grep', 'no-init');
  t.is(code, 0, stdout + stderr);
  const { device, promises } = await lastSummary(path);
  t.is(device?.type, 'qemuarm64');
  t.deepEqual(
    promises.map(({ id, outcome }) => [id, outcome]),
    [
      ['rollback.no-init-falls-back', 'pass'],
      ['rollback.no-init-is-reported', 'pass'],
    ],
  );
});

test.serial('a Raspberry Pi 3 that QEMU emulates boots its card by the U-Boot on it, and comes back from a cut', async (t) => {
  t.timeout(20 * 60_000);
  const { path, remove } = await workingDirectory();
  t.teardown(remove);
  const { code, stdout, stderr } = await boardwalk(path, 'run', '--device', 'raspberrypi3-qemu', 'tmp', '--grep', 'survives-power-cut');
  t.is(code, 0, stdout + stderr);
  const { device, promises } = await lastSummary(path);
  t.is(device?.type, 'raspberrypi3-qemu');
  t.deepEqual(
    promises.map(({ id, outcome }) => [id, outcome]),
    [
      ['tmp.survives-power-cut', 'pass'],
      ['tmp.data-survives-power-cut', 'pass'],
    ],
  );
});
