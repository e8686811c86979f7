import { readdir, readlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { createDevice, freshDevice } from '../../devices/index.ts';
import { referenceDevice } from '../reference-device.ts';
import { processesNaming, workingDirectory } from './command.ts';

/** How many in a row; a hundred by hand, before a release. */
const restores = Number(process.env['BOARDWALK_RESTORES'] ?? 5);

/** What this process and what it started hold: descriptors by what they lead to, programs that name the directory, files in it. */
async function held(directory: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  const leadTo = await Promise.all(descriptors.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => 'closed meanwhile')));
  const files = await readdir(directory, { recursive: true });
  const programs = await processesNaming(directory);
  // Each socket and pipe has a number of its own.
  const open = leadTo.map((target) => target.replace(/\d+/g, '#'));
  return [...open, ...files, ...programs.map((line) => line.replace(/^\d+ /, ''))].toSorted();
}

test.serial('a device that is restored again and again leaves nothing behind', async (t) => {
  t.timeout((restores + 4) * 60_000);
  const { path: directory, remove } = await workingDirectory();
  t.teardown(remove);
  await using taken = new AsyncDisposableStack();
  const parts = await referenceDevice({ id: 'restored', directory, signal: new AbortController().signal }, taken);
  await freshDevice(parts);

  const restore = async () => {
    t.like(await parts.renew(), { restores: true });
    const device = createDevice(parts);
    await device.power.on();
    await device.host.ready({ timeout: parts.budgets.boot });
    t.is(await device.host.check('cat /run/restored-before 2>/dev/null; echo here | tee /run/restored-before'), 'here');
    await device.power.off();
    await device.close();
  };
  await restore();
  const once = await held(directory);
  for (let count = 1; count < restores; count += 1) await restore();
  let now = await held(directory);
  // A socket that was closed is gone a moment later.
  for (const deadline = Date.now() + 5000; now.length !== once.length && Date.now() < deadline; now = await held(directory))
    await pause(100);
  t.deepEqual(now, once);
});
