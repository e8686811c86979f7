import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { FileNotOnStick } from '../errors.ts';
import { StickImage } from '../stick-image.ts';
import { availableFilesystems } from './index.ts';

const needed = availableFilesystems().includes('btrfs') ? test : test.skip;

needed('files go onto a btrfs stick and are read back from it', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-btrfs-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const stick = await StickImage.create(join(directory, 'stick.img'), {
    filesystem: 'btrfs',
    label: 'RARE',
    sizeMiB: 128,
    files: { 'a.txt': 'a', 'folder/b.txt': 'b' },
  });
  t.deepEqual(await stick.list(), ['a.txt', 'folder/b.txt']);
  t.is(Buffer.from(await stick.readFile('folder/b.txt')).toString(), 'b');
  await t.throwsAsync(stick.readFile('folder/c.txt'), { instanceOf: FileNotOnStick });
});
