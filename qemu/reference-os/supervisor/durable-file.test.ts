import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { writeDurably } from './durable-file.ts';

test('a file is replaced whole, its directory made, and nothing is left beside it', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'durable-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const path = join(directory, 'a', 'state.json');
  await writeDurably(path, 'old');
  await writeDurably(path, 'new');
  t.is(await readFile(path, 'utf8'), 'new');
  t.deepEqual(await readdir(join(directory, 'a')), ['state.json']);
  await t.throwsAsync(writeDurably(directory, 'x'), { code: 'EISDIR' });
  t.deepEqual(await readdir(directory), ['a']);
});
