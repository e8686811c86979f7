import { createHash } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { FileNotOnStick, StickFailed } from './errors.ts';
import { partitionStart } from './partition-table.ts';
import { StickImage } from './stick-image.ts';
import type { StickSpec } from './sticks.ts';
import { tool } from './tool.ts';

async function made(t: { teardown(step: () => Promise<void>): void }, spec: StickSpec) {
  const directory = await mkdtemp(join(tmpdir(), 'stick-image-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = join(directory, 'stick.img');
  return { directory, file, image: await StickImage.create(file, spec) };
}

const hash = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

test('its only partition goes from the first MiB to the end, with the type of its file system', async (t) => {
  for (const [filesystem, type] of [
    ['vfat', 'c'],
    ['ext4', '83'],
    ['none', '83'],
  ] as const) {
    const { file } = await made(t, { filesystem, sizeMiB: 24 });
    const { partitiontable } = JSON.parse((await tool('sfdisk', ['--json', file])).stdout.toString());
    t.like(partitiontable, { label: 'dos', partitions: [{ start: 2048, size: 23 * 2048, type }] });
    t.is(partitiontable.partitions.length, 1);
  }
});

test('blkid sees the label and the UUID that it was made with', async (t) => {
  for (const spec of [
    { filesystem: 'vfat', label: 'DATA', uuid: '5E1F-0A01' },
    { filesystem: 'ext4', label: 'data', uuid: '1b4e28ba-2fa1-41d2-883f-0016d3cca427' },
  ] as const) {
    const { file } = await made(t, spec);
    const { stdout } = await tool('blkid', ['-p', '-O', String(partitionStart), '-o', 'export', file]);
    const seen = stdout.toString().split('\n');
    t.true(seen.includes(`TYPE=${spec.filesystem}`));
    t.true(seen.includes(`LABEL=${spec.label}`));
    t.true(seen.includes(`UUID=${spec.uuid}`));
  }
});

test('an ext4 stick that was yanked is read by way of its journal, and not changed by that', async (t) => {
  const { directory, file, image } = await made(t, { filesystem: 'ext4', files: { 'kept.txt': 'kept' } });
  // As a kernel leaves it that had it mounted: the flag, and in the journal the change that adds a name.
  const inside = `${file}?offset=${partitionStart}`;
  const { stdout } = await tool('debugfs', ['-R', 'bmap <2> 0', inside]);
  const rootBlock = Number(stdout.toString().trim());
  const changed = join(directory, 'block');
  const block = Buffer.alloc(1024);
  const stick = await open(file);
  await stick.read(block, 0, block.length, partitionStart + rootBlock * block.length);
  await stick.close();
  const name = block.indexOf('kept.txt');
  t.true(name > 0);
  block.write('newname!', name);
  await writeFile(changed, block);
  const commands = join(directory, 'commands');
  await writeFile(commands, `journal_open\njournal_write -b ${rootBlock} ${changed}\njournal_close\n`);
  await tool('debugfs', ['-w', '-f', commands, inside]);
  await rm(changed);
  await rm(commands);

  const before = await hash(file);
  t.deepEqual(await image.list(), ['newname!']);
  t.is(Buffer.from(await image.readFile('newname!')).toString(), 'kept');
  await t.throwsAsync(image.readFile('kept.txt'), { instanceOf: FileNotOnStick });
  t.is(await hash(file), before);
  t.deepEqual(await readdir(directory), ['stick.img']);
});

test('a stick that the device made unreadable is the device’s fault, not an empty stick', async (t) => {
  for (const filesystem of ['vfat', 'ext4'] as const) {
    const { file, image } = await made(t, { filesystem, files: { a: 'b' } });
    const bytes = await open(file, 'r+');
    await bytes.write(Buffer.alloc(1024 * 1024), 0, undefined, partitionStart);
    await bytes.close();
    const error = await t.throwsAsync(image.list(), { instanceOf: StickFailed });
    t.is(error?.blame, 'product');
  }
});

test('a stick that can’t be made leaves no file', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'stick-image-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const big = new Uint8Array(8 * 1024 * 1024).fill(1);
  await t.throwsAsync(StickImage.create(join(directory, 'stick.img'), { filesystem: 'vfat', sizeMiB: 4, files: { big } }), {
    instanceOf: StickFailed,
  });
  t.deepEqual(await readdir(directory), []);
});

test('an empty stick takes little of the bench’s disk', async (t) => {
  const { file } = await made(t, { filesystem: 'ext4', sizeMiB: 512 });
  const { size, blocks } = await stat(file);
  t.is(size, 512 * 1024 * 1024);
  t.true(blocks * 512 < 64 * 1024 * 1024, `${blocks} blocks`);
});
