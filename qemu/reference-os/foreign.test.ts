import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { ReferenceImageError } from './errors.ts';
import { transplant } from './foreign.ts';

const program = (architecture: string) => `\u007fELF ${architecture}`;

/** Files of a directory by path; a link's content is `-> target`. */
async function plant(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    if (content.startsWith('-> ')) await symlink(content.slice(3), join(directory, path));
    else await writeFile(join(directory, path), content);
  }
}

async function trees(t: { teardown(step: () => Promise<void>): void }) {
  const directory = await mkdtemp(join(tmpdir(), 'transplant-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const [tree, donor] = [join(directory, 'tree'), join(directory, 'donor')];
  await plant(tree, {
    'etc/passwd': 'configured\n',
    'etc/ld.so.cache': 'of this host',
    'usr/bin/sh': program('amd64'),
    'usr/bin/script': '#!/bin/sh\n',
    'usr/lib/x86_64-linux-gnu/libc.so.6': program('amd64'),
    'usr/lib/x86_64-linux-gnu/kept/plugin.so': program('amd64'),
    'usr/lib/modules/6.1/loop.ko': program('the kernel’s own'),
    'usr/lib64/ld-linux-x86-64.so.2': '-> ../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
  });
  await plant(donor, {
    // Debian's packages ship some files as they lay before /usr was merged.
    'bin/sh': program('arm64'),
    'usr/bin/sh-too': 'unused',
    'lib/ld-linux-aarch64.so.1': '-> aarch64-linux-gnu/ld-linux-aarch64.so.1',
    'lib/aarch64-linux-gnu/libc.so.6': program('arm64'),
    'usr/lib/aarch64-linux-gnu/kept/plugin.so': program('arm64'),
    'usr/lib/aarch64-linux-gnu/slimmed/plugin.so': program('arm64'),
  });
  return { tree, donor, from: 'x86_64-linux-gnu', to: 'aarch64-linux-gnu', signal: undefined };
}

test('programs and libraries are the other architecture’s, all else stays', async (t) => {
  const request = await trees(t);
  const { tree } = request;
  await chmod(join(tree, 'usr/bin/sh'), 0o4755);
  await transplant(request);
  t.is(await readFile(join(tree, 'usr/bin/sh'), 'utf8'), program('arm64'));
  t.is((await stat(join(tree, 'usr/bin/sh'))).mode & 0o7777, 0o4755);
  t.is(await readFile(join(tree, 'usr/bin/script'), 'utf8'), '#!/bin/sh\n');
  t.is(await readFile(join(tree, 'etc/passwd'), 'utf8'), 'configured\n');
  t.is(await readFile(join(tree, 'usr/lib/modules/6.1/loop.ko'), 'utf8'), program('the kernel’s own'));
  t.is(await readFile(join(tree, 'usr/lib/aarch64-linux-gnu/libc.so.6'), 'utf8'), program('arm64'));
  t.is(await readlink(join(tree, 'usr/lib/ld-linux-aarch64.so.1')), 'aarch64-linux-gnu/ld-linux-aarch64.so.1');
  t.deepEqual((await readdir(join(tree, 'usr/lib'))).sort(), ['aarch64-linux-gnu', 'ld-linux-aarch64.so.1', 'modules']);
  t.deepEqual(await readdir(join(tree, 'etc')), ['passwd']);
});

test('what was taken out of the libraries stays out', async (t) => {
  const request = await trees(t);
  await transplant(request);
  t.deepEqual((await readdir(join(request.tree, 'usr/lib', request.to))).sort(), ['kept', 'libc.so.6']);
});

test('a program that the other packages lack is named, with what to do', async (t) => {
  const request = await trees(t);
  await plant(request.tree, { 'usr/bin/dockerd': program('amd64') });
  const error = await t.throwsAsync(transplant(request), { instanceOf: ReferenceImageError });
  t.regex(error.message, /have no usr\/bin\/dockerd/);
  t.regex(error.advice, /essentialPackages/);
});
