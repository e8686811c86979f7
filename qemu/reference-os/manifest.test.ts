import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';

import { summarizeTree } from './manifest.ts';

async function tree(clean: (remove: () => Promise<void>) => void): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-manifest-test-'));
  clean(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, 'etc'));
  await writeFile(join(directory, 'etc/hostname'), 'balena\n');
  await symlink('hostname', join(directory, 'etc/name'));
  await chmod(join(directory, 'etc'), 0o755);
  await chmod(join(directory, 'etc/hostname'), 0o644);
  return directory;
}

test('the same tree twice has the same sum, whenever it was written', async (t) => {
  const [first, second] = [await tree((remove) => t.teardown(remove)), await tree((remove) => t.teardown(remove))];
  await utimes(join(second, 'etc/hostname'), 0, 0);
  t.deepEqual(await summarizeTree(first), await summarizeTree(second));
  t.like(await summarizeTree(first), { entries: 3, bytes: 7 });
});

test('content, mode and link target each change the sum', async (t) => {
  const sums = new Set<string>();
  const changes: ((directory: string) => Promise<void>)[] = [
    async () => undefined,
    (directory) => writeFile(join(directory, 'etc/hostname'), 'balenb\n'),
    (directory) => chmod(join(directory, 'etc/hostname'), 0o600),
    async (directory) => {
      await rm(join(directory, 'etc/name'));
      await symlink('elsewhere', join(directory, 'etc/name'));
    },
  ];
  for (const change of changes) {
    const directory = await tree((remove) => t.teardown(remove));
    await change(directory);
    sums.add((await summarizeTree(directory)).sha256);
  }
  t.is(sums.size, changes.length);
});
