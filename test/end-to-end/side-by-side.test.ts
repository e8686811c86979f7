import test from 'ava';
import { boardwalk, lastSummary, workingDirectory } from './command.ts';

test.serial('two runs side by side use two devices', async (t) => {
  t.timeout(10 * 60_000);
  const places = [await workingDirectory(), await workingDirectory()];
  for (const { remove } of places) t.teardown(remove);
  const ended = await Promise.all(places.map(({ path }) => boardwalk(path, 'run', 'environment', '--grep', 'environment.device-uuid')));
  for (const { code, stdout, stderr } of ended) t.is(code, 0, stdout + stderr);
  const summaries = await Promise.all(places.map(({ path }) => lastSummary(path)));
  const devices = summaries.map(({ device }) => device?.id);
  t.is(new Set(devices).size, 2, devices.join(' '));
  for (const { verdict, promises } of summaries) {
    t.is(verdict, 'pass');
    t.deepEqual(
      promises.map(({ id, outcome }) => [id, outcome]),
      [['environment.device-uuid', 'pass']],
    );
  }
});
