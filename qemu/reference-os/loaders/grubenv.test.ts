import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';

import { encodeEnvironmentBlock, environmentBlockBytes, parseEnvironmentBlock } from './grubenv.ts';

const variables = { resin_root_part: '2', upgrade_available: '0', bootcount: '0' };
const editor = join(import.meta.dirname, '../files/grub/root/usr/bin/grub-editenv');

test('a block has 1,024 bytes and gives back what went in', (t) => {
  const block = encodeEnvironmentBlock(variables);
  t.is(block.length, environmentBlockBytes);
  t.true(block.toString().startsWith('# GRUB Environment Block\nresin_root_part=2\nupgrade_available=0\nbootcount=0\n###'));
  t.deepEqual(parseEnvironmentBlock(block), variables);
});

test('what is no block, or can be none, is refused', (t) => {
  t.throws(() => parseEnvironmentBlock(Buffer.alloc(environmentBlockBytes)), { instanceOf: TypeError });
  t.throws(() => parseEnvironmentBlock(encodeEnvironmentBlock(variables).subarray(0, 512)), { instanceOf: TypeError });
  t.throws(() => encodeEnvironmentBlock({ 'no name': '1' }), { instanceOf: TypeError });
  t.throws(() => encodeEnvironmentBlock({ name: 'two\nlines' }), { instanceOf: TypeError });
  t.throws(() => encodeEnvironmentBlock({ name: 'x'.repeat(environmentBlockBytes) }), { instanceOf: RangeError });
});

test("the device's editor lists and sets as GRUB's does, all variables in the first sector", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-grubenv-test-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = join(directory, 'grubenv');
  await writeFile(file, encodeEnvironmentBlock(variables));
  execFileSync('sh', [editor, file, 'set', 'bootcount=1', 'resin_root_part=3']);
  const block = await readFile(file);
  const expected = { upgrade_available: '0', bootcount: '1', resin_root_part: '3' };
  t.deepEqual(parseEnvironmentBlock(block), expected);
  t.true(block.indexOf('\n#') < 512);
  t.is(execFileSync('sh', [editor, file, 'list'], { encoding: 'utf8' }), 'upgrade_available=0\nbootcount=1\nresin_root_part=3\n');
  t.throws(() => execFileSync('sh', [editor, file, 'create'], { stdio: 'ignore' }));
});
