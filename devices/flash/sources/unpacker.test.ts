import { readdir, readFile } from 'node:fs/promises';
import test from 'ava';
import { DeviceError } from '../../errors.ts';
import { makeScratch } from '../../../qemu/disk/scratch.ts';
import { noise, packed } from '../specimen.ts';
import { unpacked, type Unpacker } from './unpacker.ts';

const zstd: Unpacker = { program: 'zstd', debianPackage: 'zstd', arguments: ['-dcq'], cutShort: /premature end/ };
const signal = new AbortController().signal;
const content = noise(8 * 1024 * 1024, 1);

/** Processes that have a file on their command line. */
async function processesOn(file: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  // A process may end between the listing and the look.
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(file));
}

test('all of the output comes, each piece where it belongs', async (t) => {
  await using scratch = await makeScratch();
  const file = await scratch.write('image.zst', await packed(content, 'zstd'));
  const found = Buffer.alloc(content.length);
  let end = 0;
  for await (const { start, bytes } of unpacked(file, zstd, signal)) {
    t.is(start, end);
    found.set(bytes, start);
    end = start + bytes.length;
  }
  t.is(end, content.length);
  t.true(found.equals(content));
});

test('who stops asking ends the program', async (t) => {
  await using scratch = await makeScratch();
  const file = await scratch.write('image.zst', await packed(content, 'zstd'));
  for await (const { bytes } of unpacked(file, zstd, signal)) {
    t.true(bytes.length > 0 && bytes.length < content.length);
    t.is((await processesOn(file)).length, 1);
    break;
  }
  t.deepEqual(await processesOn(file), []);
});

test('an abort ends the program, and is told by its reason', async (t) => {
  await using scratch = await makeScratch();
  const file = await scratch.write('image.zst', await packed(content, 'zstd'));
  const controller = new AbortController();
  const reason = new Error('asked to stop');
  const all = async () => {
    for await (const { start } of unpacked(file, zstd, controller.signal)) if (start === 0) controller.abort(reason);
  };
  await t.throwsAsync(all(), { is: reason });
  t.deepEqual(await processesOn(file), []);
});

test('a program that is not installed is named with its package', async (t) => {
  await using scratch = await makeScratch();
  const file = await scratch.write('image.lz', '');
  const pieces = unpacked(file, { ...zstd, program: 'no-such-unpacker', debianPackage: 'lzip' }, signal);
  const error = await t.throwsAsync(Promise.resolve(pieces[Symbol.asyncIterator]().next()), {
    instanceOf: DeviceError,
    message: /no-such-unpacker is not on this bench$/,
  });
  t.is(error.advice, 'Install it: apt install lzip');
});
