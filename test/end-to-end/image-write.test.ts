import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { bmapOf, specimen } from '../../devices/flash/specimen.ts';
import { boardwalk, workingDirectory } from './command.ts';

const { disk, extents } = specimen();

async function place(t: ExecutionContext): Promise<string> {
  const { path, remove } = await workingDirectory();
  t.teardown(remove);
  await writeFile(join(path, 'disk.img.gz'), gzipSync(disk, { level: 1 }));
  return path;
}

test('an image is written into a file, and what was done is told', async (t) => {
  const cwd = await place(t);
  const { code, stdout, stderr } = await boardwalk(cwd, 'image', 'write', 'disk.img.gz', 'card.img');
  t.is(code, 0, stderr);
  t.regex(stdout, /^target {3}card\.img$/m);
  t.regex(stdout, /^write {4}24 MiB of 24 MiB {2}\d+ MB\/s$/m);
  t.regex(stdout, /^verify {3}23 MiB of 23 MiB {2}\d+ MB\/s$/m);
  t.regex(stdout, /^written {2}24 MiB, sha256:[0-9a-f]{64}, read back/m);
  t.true(disk.equals(await readFile(join(cwd, 'card.img'))));
});

test('its bmap file is found, unless it is to be left out', async (t) => {
  const cwd = await place(t);
  await writeFile(join(cwd, 'disk.img.bmap'), bmapOf({ disk, extents }));
  const mapped = await boardwalk(cwd, 'image', 'write', 'disk.img.gz', 'one.img', '--no-verify');
  t.regex(mapped.stdout, /^written {2}24 MiB, 10 MiB of it mapped by disk\.img\.bmap, not read back/m, mapped.stderr);
  const whole = await boardwalk(cwd, 'image', 'write', 'disk.img.gz', 'other.img', '--no-bmap');
  t.regex(whole.stdout, /sha256:/, whole.stderr);
});

test('an image that is damaged, or too large, is one sentence and exit code 2', async (t) => {
  const cwd = await place(t);
  await writeFile(join(cwd, 'card.img'), Buffer.alloc(1024 * 1024));
  await writeFile(join(cwd, 'disk.img'), disk);
  const large = await boardwalk(cwd, 'image', 'write', 'disk.img', 'card.img');
  t.is(large.code, 2);
  t.regex(large.stderr, /^boardwalk: the image doesn't fit: disk\.img has 25,165,824 bytes, and card\.img 1,048,576\n {2}→ /);
  await writeFile(join(cwd, 'disk.img.gz'), gzipSync(disk, { level: 1 }).subarray(0, -100_000));
  const short = await boardwalk(cwd, 'image', 'write', 'disk.img.gz', 'new.img');
  t.is(short.code, 2);
  t.regex(short.stderr, /^boardwalk: disk\.img\.gz is cut short: /);
});
