import test from 'ava';
import { AwaitedTooLong } from '../errors.ts';
import { alignedBuffers } from './aligned-memory.ts';
import { flashBudgets } from './budgets.ts';
import { ReadBackDiffers } from './errors.ts';
import type { Piece } from './extents.ts';
import { headBytes } from './head.ts';
import type { ImageSource } from './source.ts';
import { specimen, specimenBytes } from './specimen.ts';
import { FakeTarget } from './targets/fake.ts';
import { Transfer, type TransferOptions } from './transfer.ts';

const { disk, extents } = specimen();
const blankHead = Buffer.alloc(headBytes);

/** An image in memory, in pieces that begin and end anywhere. */
function source(pieces: () => AsyncIterable<Piece> = inOddPieces): ImageSource {
  return { file: 'image', format: 'raw', diskBytes: specimenBytes, read: pieces };
}

async function* inOddPieces(): AsyncIterable<Piece> {
  for (let start = 0; start < disk.length; start += 70_001) yield { start, bytes: disk.subarray(start, start + 70_001) };
}

function transferOnto(target: FakeTarget, options: Partial<TransferOptions> = {}): Transfer {
  const signal = new AbortController().signal;
  const ring = alignedBuffers(4, 256 * 1024);
  return new Transfer({
    source: source(),
    bmap: undefined,
    target,
    ring,
    budgets: flashBudgets,
    signal,
    onProgress: undefined,
    ...options,
  });
}

test('the first MiB is zeroed and flushed first, and written when all the rest is flushed', async (t) => {
  const target = new FakeTarget(specimenBytes);
  const transfer = transferOnto(target);
  await transfer.writeBody();
  t.deepEqual(target.done.slice(0, 2), [{ write: 0, bytes: headBytes }, 'flush']);
  t.true(blankHead.equals(target.content.subarray(0, headBytes)));
  t.true(disk.subarray(headBytes).equals(target.content.subarray(headBytes)));
  t.is(target.done.at(-1), 'flush');
  const begun = target.done.length;
  await transfer.verifyBody();
  await transfer.writeHead('read-back');
  t.deepEqual(target.done.slice(begun), [{ write: 0, bytes: headBytes }, 'flush']);
  t.true(disk.equals(target.content));
});

test('an abort in the middle ends the flash with its reason, and the first MiB stays zeros', async (t) => {
  const target = new FakeTarget(specimenBytes);
  const controller = new AbortController();
  const reason = new Error('asked to stop');
  target.beforeWrite = (start) => {
    if (start > specimenBytes / 2) controller.abort(reason);
  };
  const transfer = transferOnto(target, { signal: controller.signal });
  await t.throwsAsync(transfer.writeBody(), { is: reason });
  await transfer.settle();
  t.true(blankHead.equals(target.content.subarray(0, headBytes)));
  t.true(disk.subarray(headBytes, specimenBytes / 4).equals(target.content.subarray(headBytes, specimenBytes / 4)), 'it was under way');
  t.is(target.content.readUInt8(specimenBytes - 1), 0xff, 'and did not reach its end');
});

test('a failed write is told, and the first MiB stays zeros', async (t) => {
  const target = new FakeTarget(specimenBytes);
  target.beforeWrite = (start) => {
    if (start > specimenBytes / 2) throw new Error('EIO: i/o error, write');
  };
  const transfer = transferOnto(target);
  await t.throwsAsync(transfer.writeBody(), { message: /EIO/ });
  await transfer.settle();
  t.true(blankHead.equals(target.content.subarray(0, headBytes)));
});

test('a disk that hangs is told with the write that was awaited', async (t) => {
  const target = new FakeTarget(specimenBytes);
  target.beforeWrite = (start) => (start > specimenBytes / 2 ? new Promise(() => undefined) : undefined);
  const transfer = transferOnto(target, { budgets: { ...flashBudgets, transfer: 20 } });
  await t.throwsAsync(transfer.writeBody(), {
    instanceOf: AwaitedTooLong,
    message: /^awaited a write of 262144 bytes to a fake disk for 0\.0 s; seen instead: the kernel is still at it$/,
  });
});

test('an image whose bytes stop coming is told with where it stopped', async (t) => {
  const target = new FakeTarget(specimenBytes);
  let ended = false;
  const stuck = async function* (): AsyncIterable<Piece> {
    try {
      yield { start: 0, bytes: disk.subarray(0, 2_000_000) };
      await new Promise(() => undefined);
    } finally {
      ended = true;
    }
  };
  const transfer = transferOnto(target, { source: source(stuck), budgets: { ...flashBudgets, source: 20, letGo: 20 } });
  await t.throwsAsync(transfer.writeBody(), {
    instanceOf: AwaitedTooLong,
    message: /^awaited the next bytes of image for 0\.0 s; seen instead: nothing after 2,000,000 bytes of the disk in it$/,
  });
  t.false(ended, 'nothing can end it');
  t.true(blankHead.equals(target.content.subarray(0, headBytes)));
});

test('one byte that the medium lost is found in its range, and the first MiB is never written', async (t) => {
  const target = new FakeTarget(specimenBytes);
  const transfer = transferOnto(target);
  await transfer.writeBody();
  const lost = 17 * 1024 * 1024;
  target.content.writeUInt8(target.content.readUInt8(lost) ^ 1, lost);
  const error = await t.throwsAsync(transfer.verifyBody(), { instanceOf: ReadBackDiffers });
  t.deepEqual([error.start, error.end], [16 * 1024 * 1024, specimenBytes]);
  await transfer.settle();
  t.true(blankHead.equals(target.content.subarray(0, headBytes)));
});

test('with a bmap, what isn’t mapped may differ, and a mapped byte may not', async (t) => {
  const target = new FakeTarget(specimenBytes);
  const ranges = extents.map((extent) => ({ ...extent, checksum: undefined }));
  const bmap = { file: 'image.bmap', imageBytes: specimenBytes, mappedBytes: 0, algorithm: 'sha256', ranges };
  const transfer = transferOnto(target, { bmap });
  await transfer.writeBody();
  target.content.writeUInt8(7, 15 * 1024 * 1024);
  await transfer.verifyBody();
  const [, , third] = extents;
  target.content.writeUInt8(target.content.readUInt8(third!.end - 1) ^ 0x80, third!.end - 1);
  const error = await t.throwsAsync(transfer.verifyBody(), { instanceOf: ReadBackDiffers });
  t.deepEqual({ start: error.start, end: error.end }, third);
});

test('a first MiB that doesn’t come back as written is zeroed again', async (t) => {
  const target = new FakeTarget(specimenBytes);
  const transfer = transferOnto(target);
  await transfer.writeBody();
  const read = target.read.bind(target);
  target.read = async (memory, start) => {
    const bytesRead = await read(memory, start);
    memory[100] = 0xaa;
    return bytesRead;
  };
  const error = await t.throwsAsync(transfer.writeHead('read-back'), { instanceOf: ReadBackDiffers });
  t.deepEqual([error.start, error.end], [0, headBytes]);
  await transfer.settle();
  t.true(blankHead.equals(target.content.subarray(0, headBytes)));
});
