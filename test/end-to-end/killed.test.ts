import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { loadEvents } from '../../reports/index.ts';
import { boardwalk, processesNaming, start, workingDirectory } from './command.ts';

/** How many moments; ten by hand, before a release. */
const kills = Number(process.env['BOARDWALK_KILLS'] ?? 3);
/** From the start of the command to well into its tests. */
const longest = 60_000;

const listed = async (directory: string): Promise<string[]> => readdir(directory).catch(() => []);

/** What is left of runs in a directory: processes, and what a custody or a lease keeps. */
async function left(cwd: string): Promise<string[]> {
  const custodies = await listed(join(cwd, '.boardwalk/custody'));
  return [...(await processesNaming(cwd)), ...custodies];
}

test.serial('a run killed outright leaves nothing, and its log is readable', async (t) => {
  t.timeout(20 * 60_000);
  const { path: cwd, remove } = await workingDirectory();
  t.teardown(remove);
  for (let kill = 0; kill < kills; kill += 1) {
    // Spread over the run, and by lot within each part of it: the moment is told with a failure.
    const moment = Math.round(((kill + Math.random()) / kills) * longest);
    const { child } = start(cwd, ['run', 'environment', '--json']);
    await delay(moment);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    let rest = await left(cwd);
    for (const deadline = Date.now() + 5000; rest.length > 0 && Date.now() < deadline; rest = await left(cwd)) await delay(100);
    t.deepEqual(rest, [], `killed after ${moment} ms`);
    const runs = await readdir(join(cwd, '.boardwalk/runs')).catch(() => [] as string[]);
    for (const run of runs.filter((name) => name !== 'latest' && !name.startsWith('.'))) {
      const log = join(cwd, '.boardwalk/runs', run, 'events.ndjson');
      const { events } = await loadEvents(log);
      t.is(events.at(-1)?.seq ?? 0, events.length, `${log} after ${moment} ms`);
    }
  }
  const next = await boardwalk(cwd, 'run', 'environment', '--grep', 'environment.on-balena');
  t.is(next.code, 0, next.stdout + next.stderr);
});
