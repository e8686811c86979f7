import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { runCommand } from '../../qemu/debian/index.ts';
import { makeExt4 } from '../../qemu/reference-os/file-systems.ts';
import type { Manifest } from '../../qemu/reference-os/manifest.ts';
import { MutantUnfit } from './errors.ts';
import { editedCopy, editedText } from './offline-image.ts';

const offsetMebibytes = 2;
/** The features that the reference OS's file systems have. */
const configuration = join(import.meta.dirname, '../../qemu/reference-os/files/mke2fs.conf');

const manifest: Manifest = {
  hash: 'x',
  deviceType: 'qemux86-64',
  version: '1',
  updateVersion: '2',
  flashSha256: 'x',
  kernel: 'x',
  node: 'x',
  inputs: {},
  trees: {},
  partitions: [{ number: 2, name: 'resin-rootA', startMebibytes: offsetMebibytes, sizeMebibytes: 24 }],
};

test('a copy has the edits, with the modes of its files, and the image is as it was', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-test-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const content = join(directory, 'content');
  const flash = join(directory, 'flash.img');
  const copy = join(directory, 'copy.img');
  if (content === undefined || configuration === undefined || flash === undefined || copy === undefined)
    throw new RangeError('unreachable');
  await mkdir(join(content, 'usr/bin'), { recursive: true });
  await writeFile(join(content, 'usr/bin/tool'), '#!/bin/sh\necho sound\n', { mode: 0o755 });
  await writeFile(flash, '');
  await makeExt4(flash, { label: 'x', sizeMebibytes: 24, journalMebibytes: 4, content, offsetMebibytes, configuration, signal: undefined });
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest));
  const before = await readFile(flash);

  await editedCopy(
    flash,
    [
      { path: '/usr/bin/tool', replace: [/sound/, 'broken $&'] },
      { path: '/usr/lib/deep/new.conf', content: 'new\n' },
    ],
    copy,
    AbortSignal.timeout(60_000),
  );

  const debugfs = (command: string) =>
    runCommand('debugfs', ['-R', command, `${copy}?offset=${offsetMebibytes * 1024 ** 2}`], { budget: 10_000 });
  t.is(await debugfs('cat /usr/bin/tool'), '#!/bin/sh\necho broken $&', 'the replacement is taken as it is');
  t.regex(await debugfs('stat /usr/bin/tool'), /Mode: +0755/);
  t.is(await debugfs('cat /usr/lib/deep/new.conf'), 'new');
  t.true((await readFile(flash)).equals(before));
});

test('an edit that would change nothing is refused', (t) => {
  t.is(editedText({ path: '/a', replace: [/b/, 'c'] }, 'abc'), 'acc');
  for (const [edit, text] of [
    [{ path: '/a', replace: [/x/, 'y'] }, 'abc'],
    [{ path: '/a', replace: [/x/, 'y'] }, undefined],
    [{ path: '/a', content: 'abc' }, 'abc'],
    [{ path: '/a' }, 'abc'],
  ] as const) {
    t.throws(() => editedText(edit, text), { instanceOf: MutantUnfit });
  }
});
