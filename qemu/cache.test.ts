import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';

import { ownIdentity } from './custody/process-identity.ts';
import { cacheEntry, sweepUnfinished } from './cache.ts';

async function scratch(clean: (remove: () => Promise<void>) => void): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-cache-test-'));
  clean(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('an entry is built once', async (t) => {
  const parent = await scratch((remove) => t.teardown(remove));
  let builds = 0;
  const build = async (directory: string) => {
    builds++;
    await writeFile(join(directory, 'file'), 'content');
  };
  const first = await cacheEntry({ parent, key: 'k', build });
  const second = await cacheEntry({ parent, key: 'k', build });
  t.is(builds, 1);
  t.is(first, second);
  t.is(await readFile(join(first, 'file'), 'utf8'), 'content');
  t.deepEqual(await readdir(parent), ['k']);
});

async function fail(directory: string): Promise<void> {
  await writeFile(join(directory, 'half'), '');
  throw new RangeError('broken on purpose');
}

test('a failed or aborted build leaves nothing', async (t) => {
  const parent = await scratch((remove) => t.teardown(remove));
  await t.throwsAsync(cacheEntry({ parent, key: 'k', build: fail }), { instanceOf: RangeError });
  const controller = new AbortController();
  const abort = async () => controller.abort(new Error('asked to stop'));
  await t.throwsAsync(cacheEntry({ parent, key: 'k', build: abort, signal: controller.signal }), { message: 'asked to stop' });
  t.deepEqual(await readdir(parent), []);
});

test('what a dead builder left is removed, what a living one builds is waited for', async (t) => {
  const parent = await scratch((remove) => t.teardown(remove));
  const dead = spawnSync('true').pid;
  const leave = async (name: string, key: string, owner: object) => {
    await mkdir(join(parent, name));
    await writeFile(join(parent, name, 'owner.json'), JSON.stringify({ key, owner }));
  };
  await leave('.building-a-1', 'a', { ...ownIdentity(), pid: dead });
  await leave('.building-b-1', 'b', ownIdentity());
  t.deepEqual(await sweepUnfinished(parent), ['b']);
  t.deepEqual(await readdir(parent), ['.building-b-1']);

  const waited = Promise.withResolvers<void>();
  const entry = cacheEntry({ parent, key: 'b', build: async () => t.fail('built twice'), onWait: waited.resolve });
  await waited.promise;
  await mkdir(join(parent, 'b'));
  t.is(await entry, join(parent, 'b'));
});

test('two that build the same entry at once end with one', async (t) => {
  const parent = await scratch((remove) => t.teardown(remove));
  const started = Promise.withResolvers<void>();
  const proceed = Promise.withResolvers<void>();
  const first = cacheEntry({
    parent,
    key: 'k',
    build: async (directory) => {
      started.resolve();
      await proceed.promise;
      await writeFile(join(directory, 'file'), 'the loser');
    },
  });
  await started.promise;
  await mkdir(join(parent, 'k'));
  await writeFile(join(parent, 'k', 'file'), 'the winner');
  proceed.resolve();
  t.is(await readFile(join(await first, 'file'), 'utf8'), 'the winner');
  t.deepEqual(await readdir(parent), ['k']);
});
