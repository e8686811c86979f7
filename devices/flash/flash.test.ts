import { createHash } from 'node:crypto';
import { stat, symlink } from 'node:fs/promises';
import test from 'ava';
import { execa } from 'execa';
import { ImageError } from '../../qemu/index.ts';
import { TargetRefused } from './errors.ts';
import { flash, type FlashRequest } from './flash.ts';
import type { FlashProgress } from './progress.ts';
import { makeScratch } from '../../qemu/disk/scratch.ts';
import { bmapOf, packed, packings, specimen, specimenBytes, type Packing } from './specimen.ts';

const { disk, extents } = specimen();
const sha256 = createHash('sha256').update(disk).digest('hex');
const mappedBytes = extents.reduce((sum, { start, end }) => sum + end - start, 0);
const headBytes = 1024 * 1024;

const packedDisks = new Map<Packing, Promise<Buffer>>();

/** The disk, packed once for all tests: none may change the bytes. */
function packedOnce(packing: Packing): Promise<Buffer> {
  const packedDisk = packedDisks.get(packing) ?? packed(disk, packing);
  packedDisks.set(packing, packedDisk);
  return packedDisk;
}

const blankHead = Buffer.alloc(headBytes);

/** What is on a used card. */
const used = Buffer.alloc(specimenBytes, 0xff);

for (const packing of packings) {
  test.serial(`a ${packing} image becomes a new file, with holes for its zeros`, async (t) => {
    await using scratch = await makeScratch();
    const image = await scratch.write('image', await packedOnce(packing));
    const flashed = await flash({ image, target: scratch.path('target') });
    t.true(disk.equals(await scratch.read('target')));
    t.like(flashed, { diskBytes: specimenBytes, mappedBytes: specimenBytes, sha256, bmap: undefined, partitions: 'not' });
    t.true(flashed.writtenBytes < mappedBytes + headBytes, `${flashed.writtenBytes} bytes were written`);
    const { blocks } = await stat(scratch.path('target'));
    t.true(blocks * 512 < specimenBytes / 2 + headBytes, `the file takes ${blocks} blocks`);
  });

  test.serial(`a ${packing} image overwrites what was on a disk of the same size`, async (t) => {
    await using scratch = await makeScratch();
    const image = await scratch.write('image', await packedOnce(packing));
    const target = await scratch.write('target', used);
    const flashed = await flash({ image, target });
    t.true(disk.equals(await scratch.read('target')));
    t.is(flashed.writtenBytes, specimenBytes);
  });

  test.serial(`only what a bmap maps of a ${packing} image is written`, async (t) => {
    await using scratch = await makeScratch();
    const image = await scratch.write(`image.img${packing === 'raw' ? '' : `.${packing}`}`, await packedOnce(packing));
    const bmap = await scratch.write('image.img.bmap', bmapOf({ disk, extents }));
    const target = await scratch.write('target', used);
    const flashed = await flash({ image, target });
    const expected = Buffer.from(used);
    // The first MiB was zeroed before.
    blankHead.copy(expected);
    for (const { start, end } of extents) disk.copy(expected, start, start, end);
    t.true(expected.equals(await scratch.read('target')));
    t.like(flashed, { diskBytes: specimenBytes, mappedBytes, sha256: undefined, bmap });
    t.true(flashed.writtenBytes <= mappedBytes + headBytes, `${flashed.writtenBytes} bytes were written`);
  });
}

for (const packing of ['gzip', 'zstd'] as const) {
  test.serial(`a ${packing} image that is cut short is told, and leaves a disk that doesn't boot`, async (t) => {
    await using scratch = await makeScratch();
    const whole = await packedOnce(packing);
    const image = await scratch.write('image', whole.subarray(0, (whole.length * 2) / 3));
    const target = await scratch.write('target', used);
    const error = await t.throwsAsync(flash({ image, target }), { instanceOf: ImageError });
    t.is(error.fault, 'truncated', error.message);
    t.true(error.message.startsWith(`${image} is cut short: `), error.message);
    t.true(blankHead.equals((await scratch.read('target')).subarray(0, headBytes)));
  });
}

for (const packing of ['gzip', 'zstd', 'xz'] as const) {
  test.serial(`a ${packing} image that is damaged is told, and leaves a disk that doesn't boot`, async (t) => {
    await using scratch = await makeScratch();
    const bytes = Buffer.from(await packedOnce(packing));
    const middle = Math.floor((bytes.length * 2) / 3);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 0x10, middle);
    const image = await scratch.write('image', bytes);
    const target = await scratch.write('target', used);
    const error = await t.throwsAsync(flash({ image, target }), { instanceOf: ImageError });
    t.is(error.fault, 'damaged', error.message);
    t.true(blankHead.equals((await scratch.read('target')).subarray(0, headBytes)));
  });
}

for (const packing of ['raw', 'xz'] as const) {
  test.serial(`a ${packing} image that is cut short is refused before the disk is touched`, async (t) => {
    await using scratch = await makeScratch();
    const whole = await packedOnce(packing);
    const image = await scratch.write('image', whole.subarray(0, (whole.length * 2) / 3));
    const target = await scratch.write('target', used);
    t.is((await t.throwsAsync(flash({ image, target }), { instanceOf: ImageError })).fault, 'truncated');
    t.true(used.equals(await scratch.read('target')));
  });
}

test.serial('a new file is gone after a flash that failed', async (t) => {
  await using scratch = await makeScratch();
  const whole = await packedOnce('gzip');
  const image = await scratch.write('image', whole.subarray(0, whole.length / 2));
  await t.throwsAsync(flash({ image, target: scratch.path('target') }), { instanceOf: ImageError });
  await t.throwsAsync(stat(scratch.path('target')), { code: 'ENOENT' });
});

test.serial('content that its bmap file tells otherwise leaves a disk that doesn’t boot', async (t) => {
  await using scratch = await makeScratch();
  const other = Buffer.from(disk);
  other.writeUInt8(other.readUInt8(7_000_000) ^ 1, 7_000_000);
  const image = await scratch.write('image.img', other);
  await scratch.write('image.img.bmap', bmapOf({ disk, extents }));
  const target = await scratch.write('target', used);
  const error = await t.throwsAsync(flash({ image, target }), { instanceOf: ImageError });
  t.regex(error.message, /image\.img is damaged: bytes 6291456 to 13643776 don't have the checksum that .*image\.img\.bmap gives/);
  t.true(blankHead.equals((await scratch.read('target')).subarray(0, headBytes)));
  // Nobody has to believe it.
  await flash({ image, target, bmap: 'none' });
  t.true(other.equals(await scratch.read('target')));
});

for (const packing of packings) {
  test.serial(`a ${packing} image larger than its disk is refused as early as that shows`, async (t) => {
    await using scratch = await makeScratch();
    const image = await scratch.write('image', await packedOnce(packing));
    const target = await scratch.write('target', used.subarray(0, specimenBytes - 4096));
    const error = await t.throwsAsync(flash({ image, target }), { message: /doesn't fit/ });
    const content = await scratch.read('target');
    if (packing === 'gzip') {
      t.is(error.name, 'FlashFailed');
      t.true(blankHead.equals(content.subarray(0, headBytes)));
    } else if (error.name === 'FlashFailed') {
      // A packer that reads from a pipe can't tell the size in its header.
      t.is(packing, 'zstd');
      t.true(blankHead.equals(content.subarray(0, headBytes)));
    } else {
      t.is(error.name, 'TargetRefused');
      t.true(used.subarray(0, specimenBytes - 4096).equals(content));
    }
  });
}

test.serial('a zstd file that tells its size is refused before the disk is touched', async (t) => {
  await using scratch = await makeScratch();
  const raw = await scratch.write('raw.img', disk);
  await execa('zstd', ['-1', '--quiet', raw]);
  const target = await scratch.write('target', used.subarray(0, specimenBytes - 4096));
  await t.throwsAsync(flash({ image: scratch.path('raw.img.zst'), target }), { instanceOf: TargetRefused, message: /doesn't fit/ });
  t.true(used.subarray(0, specimenBytes - 4096).equals(await scratch.read('target')));
});

test.serial('a link to an image is followed', async (t) => {
  await using scratch = await makeScratch();
  for (const packing of ['zstd', 'xz'] as const) {
    await symlink(await scratch.write(`image.${packing}`, await packedOnce(packing)), scratch.path(`link.${packing}`));
    t.is((await flash({ image: scratch.path(`link.${packing}`), target: scratch.path(`target.${packing}`) })).sha256, sha256);
  }
});

test.serial('a zstd file of several frames is unpacked to its end', async (t) => {
  await using scratch = await makeScratch();
  const frames = await Promise.all([packed(disk.subarray(0, 5_000_000), 'zstd'), packed(disk.subarray(5_000_000), 'zstd')]);
  const image = await scratch.write('image.zst', Buffer.concat(frames));
  t.is((await flash({ image, target: scratch.path('target') })).sha256, sha256);
});

const refused: [name: string, bytes: Uint8Array | string, found: RegExp, advice: RegExp][] = [
  ['image.bz2', 'BZh91AY&SY', /found a bzip2-compressed file$/, /bunzip2 --keep/],
  ['image.zip', 'PK\x03\x04', /found a zip archive$/, /unzip/],
  ['image.lz4', Buffer.from('04224d18', 'hex'), /found 4 bytes without a partition table$/, /flash image itself/],
  ['image.qcow2', 'QFI\xfb', /image\.qcow2/, /./],
  ['empty', '', /empty/, /again/],
];

for (const [name, bytes, found, advice] of refused) {
  test.serial(`${name} is refused in one sentence, and the target isn't made`, async (t) => {
    await using scratch = await makeScratch();
    const image = await scratch.write(name, bytes);
    const error = await t.throwsAsync(flash({ image, target: scratch.path('target') }), { instanceOf: ImageError });
    t.regex(error.message, found);
    t.regex(error.advice, advice);
    await t.throwsAsync(stat(scratch.path('target')), { code: 'ENOENT' });
  });
}

test.serial('something packed that is no disk is refused before the disk is touched', async (t) => {
  await using scratch = await makeScratch();
  const image = await scratch.write('notes.tar.gz', await packed(Buffer.alloc(4 * headBytes, 'not a disk\n'), 'gzip'));
  const target = await scratch.write('target', used);
  await t.throwsAsync(flash({ image, target }), { instanceOf: ImageError, message: /is not a disk image/ });
  t.true(used.equals(await scratch.read('target')));
});

test.serial('progress goes up to the whole, step by step', async (t) => {
  await using scratch = await makeScratch();
  const told: FlashProgress[] = [];
  const request: FlashRequest = {
    image: await scratch.write('image', disk),
    target: scratch.path('target'),
    onProgress: (progress) => told.push(progress),
  };
  const { seconds } = await flash(request);
  t.like(
    told.findLast(({ step }) => step === 'write'),
    { doneBytes: specimenBytes, totalBytes: specimenBytes, secondsLeft: 0 },
  );
  t.like(told.at(-1), { step: 'verify', doneBytes: specimenBytes - headBytes, totalBytes: specimenBytes - headBytes, secondsLeft: 0 });
  t.true((told.at(-1)?.bytesPerSecond ?? 0) > 0);
  t.true(seconds.write > 0 && seconds.verify > 0);
  const unverified = await flash({ ...request, verify: 'none' });
  t.like(unverified, { readBack: 'none', seconds: { verify: 0 } });
});

test.serial('an abort between writing and reading back leaves a disk that doesn’t boot', async (t) => {
  await using scratch = await makeScratch();
  const image = await scratch.write('image', await packedOnce('zstd'));
  const target = await scratch.write('target', used);
  const controller = new AbortController();
  const reason = new Error('asked to stop');
  const onProgress = ({ step, doneBytes }: FlashProgress) => {
    if (step === 'write' && doneBytes === specimenBytes) controller.abort(reason);
  };
  await t.throwsAsync(flash({ image, target, onProgress, signal: controller.signal }), { is: reason });
  const content = await scratch.read('target');
  t.true(blankHead.equals(content.subarray(0, headBytes)));
  t.true(disk.subarray(headBytes).equals(content.subarray(headBytes)));
});

test.serial('an aborted flash throws the reason', async (t) => {
  await using scratch = await makeScratch();
  const image = await scratch.write('image', disk);
  const reason = new Error('asked to stop');
  await t.throwsAsync(flash({ image, target: scratch.path('target'), signal: AbortSignal.abort(reason) }), { is: reason });
});
