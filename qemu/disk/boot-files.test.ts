import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';

import { makeVfat } from '../reference-os/file-systems.ts';
import { mebibyte, partitionTable } from '../reference-os/gpt.ts';
import { copyBootFiles } from './boot-files.ts';
import { ImageError } from './errors.ts';

const names = { start: 'kernel8.img', deviceTree: 'board.dtb' };

/** A card whose first partition holds these files. */
async function card(t: { teardown(step: () => Promise<void>): void }, files: Record<string, string>) {
  const directory = await mkdtemp(join(tmpdir(), 'boot files, '));
  t.teardown(() => rm(directory, { recursive: true }));
  const content = join(directory, 'content');
  await mkdir(content);
  for (const [name, text] of Object.entries(files)) await writeFile(join(content, name), text);
  const vfat = join(directory, 'vfat');
  await makeVfat(vfat, 'boot', 16, content, undefined);
  const image = join(directory, 'card.img');
  const { front } = partitionTable([{ number: 1, name: 'boot', type: 'efi-system', startMebibytes: 4, sizeMebibytes: 16 }], 24);
  await writeFile(image, front);
  await using handle = await open(image, 'r+');
  await handle.write(await readFile(vfat), 0, undefined, 4 * mebibyte);
  return { image, directory };
}

test('what the firmware would load is copied off the first partition', async (t) => {
  const { image, directory } = await card(t, { 'kernel8.img': 'a loader', 'board.dtb': 'a board', 'other.txt': 'another' });
  const copies = await copyBootFiles({ image, names, directory: join(directory, 'boot') });
  t.deepEqual(copies, { start: join(directory, 'boot/kernel8.img'), deviceTree: join(directory, 'boot/board.dtb') });
  t.is(await readFile(copies.start, 'utf8'), 'a loader');
  t.is(await readFile(copies.deviceTree, 'utf8'), 'a board');
});

test('an image without one of them can’t be booted', async (t) => {
  const { image, directory } = await card(t, { 'kernel8.img': 'a loader' });
  const error = await t.throwsAsync(copyBootFiles({ image, names, directory }), { instanceOf: ImageError });
  t.is(error?.fault, 'not-bootable');
  t.true(error?.message.startsWith(`${image} can't be booted: there is no board.dtb in its first partition (`), error?.message);
});

test('nor can one without a partition', async (t) => {
  const { directory } = await card(t, {});
  const image = join(directory, 'content');
  await rm(image, { recursive: true });
  await writeFile(image, Buffer.alloc(40_000));
  const error = await t.throwsAsync(copyBootFiles({ image, names, directory }), { instanceOf: ImageError });
  t.is(error?.message, `${image} can't be booted: it has no first partition`);
});
