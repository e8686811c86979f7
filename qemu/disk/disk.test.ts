import { execa } from 'execa';
import { mkdir, readFile, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import test from 'ava';

import { QemuError } from '../errors.ts';
import { tinyGuestDisk } from '../machine/tiny-guest.ts';
import { ImageError, NoSpace, type ImageFault } from './errors.ts';
import { demandBootable, inspectImage } from './image.ts';
import { createOverlay, demandSpace } from './overlay.ts';
import { makeScratch } from './scratch.ts';

const sector = 512;

/** A disk with a protective MBR and a GPT header that puts its backup into the last sector; partition types as hex in disk order. */
function gptDisk(sectors: number, types: string[], bootCode = false): Buffer {
  const disk = Buffer.alloc(sectors * sector);
  if (bootCode) disk.write('\xeb\x63', 0, 'latin1');
  disk.set([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff], 446);
  disk.writeUInt32LE(1, 446 + 8);
  disk.writeUInt32LE(sectors - 1, 446 + 12);
  disk.set([0x55, 0xaa], 510);
  disk.write('EFI PART', sector, 'latin1');
  disk.writeBigUInt64LE(BigInt(sectors - 1), sector + 32);
  types.forEach((type, index) => disk.set(Buffer.from(type, 'hex'), 2 * sector + 128 * index));
  return disk;
}

const efiSystem = '28732ac11ff8d211ba4b00a0c93ec93b';
const linuxData = 'af3dc60f838472478e793d69d8477de4';

function mbrDisk(sectors: number, type: number): Buffer {
  const disk = Buffer.alloc(sectors * sector);
  disk.set([0x80, 0, 0, 0, type], 446);
  disk.writeUInt32LE(8, 446 + 8);
  disk.writeUInt32LE(sectors - 8, 446 + 12);
  disk.set([0x55, 0xaa], 510);
  return disk;
}

test('tells raw disks by their partition table, and what would boot them', async (t) => {
  await using scratch = await makeScratch();
  const gpt = await inspectImage(await scratch.write('gpt.img', gptDisk(2048, [linuxData, efiSystem])));
  t.like(gpt, { format: 'raw', fileBytes: 2048 * 512, diskBytes: 2048 * 512, partitionTable: 'gpt', boots: ['efi'] });
  const grub = await inspectImage(await scratch.write('grub.img', gptDisk(2048, [linuxData], true)));
  t.deepEqual(grub.boots, ['bios']);
  t.notThrows(() => demandBootable(grub, 'bios'));
  const mbr = await inspectImage(await scratch.write('mbr.img', mbrDisk(2048, 0x0c)));
  t.like(mbr, { partitionTable: 'mbr', boots: [] });
  const error = t.throws(() => demandBootable(mbr, 'bios'), { instanceOf: ImageError });
  t.is(error.fault, 'not-bootable');
  t.true(
    error.message.endsWith("mbr.img can't be booted by BIOS: it has neither boot code in its first sector nor an EFI system partition"),
  );
  t.throws(() => demandBootable(gpt, 'bios'), { message: /it has a boot loader for efi only$/ });
});

test('says how much of a disk is missing', async (t) => {
  await using scratch = await makeScratch();
  for (const [name, disk] of Object.entries({ GPT: gptDisk(4096, [linuxData]), MBR: mbrDisk(4096, 0x83) })) {
    const file = await scratch.write(name, disk.subarray(0, 1_000_000));
    const error = await t.throwsAsync(inspectImage(file), { instanceOf: ImageError });
    t.is(error.fault, 'truncated');
    t.is(error.message, `${file} ends after 1,000,000 of 2,097,152 bytes announced by its ${name} partition table: a download cut short?`);
  }
});

const vfatBootSector = Buffer.alloc(1024, 0x90);
vfatBootSector.set([0x55, 0xaa], 510);

const notDisks: [name: string, bytes: Uint8Array | string, fault: ImageFault, found: RegExp, advice: RegExp][] = [
  ['core.img.gz', gzipSync('x'), 'compressed', /found a gzip-compressed file$/, /gunzip --keep .*core\.img\.gz$/],
  ['core.img.zst', zstdCompressSync('x'), 'compressed', /found a zstd-compressed file$/, /zstd --decompress/],
  ['core.img.xz', Buffer.from('fd377a585a0000', 'hex'), 'compressed', /found an xz-compressed file$/, /xz --decompress/],
  ['core.zip', 'PK\x03\x04', 'compressed', /found a zip archive$/, /unzip/],
  ['page.img', '<!DOCTYPE html><title>Log in</title>', 'not-a-disk-image', /found an HTML page$/, /login/],
  ['pointer.img', 'version https://git-lfs.github.com/spec/v1', 'not-a-disk-image', /found a Git LFS pointer$/, /git lfs pull/],
  ['zeros.img', Buffer.alloc(4096), 'not-a-disk-image', /found 4,096 bytes without a partition table$/, /flash image/],
  ['vfat.img', vfatBootSector, 'not-a-disk-image', /found 1,024 bytes without a partition table$/, /flash image/],
  ['short.img', 'x', 'not-a-disk-image', /found 1 bytes without a partition table$/, /flash image/],
  ['empty.img', '', 'empty', /empty.img is empty: expected a disk image$/, /again/],
];

for (const [name, bytes, fault, found, advice] of notDisks) {
  test(`${name} is refused in one sentence`, async (t) => {
    await using scratch = await makeScratch();
    const error = await t.throwsAsync(inspectImage(await scratch.write(name, bytes)), { instanceOf: ImageError });
    t.is(error.fault, fault);
    t.regex(error.message, found);
    t.regex(error.advice, advice);
  });
}

test('what is missing, a directory, or a FIFO is refused at once', async (t) => {
  await using scratch = await makeScratch();
  await t.throwsAsync(inspectImage(scratch.path('nothing')), {
    instanceOf: ImageError,
    message: /^there is no .*nothing: expected a disk image$/,
  });
  await mkdir(scratch.path('directory'));
  await t.throwsAsync(inspectImage(scratch.path('directory')), { instanceOf: ImageError, message: /is not a file/ });
  await execa('mkfifo', [scratch.path('fifo')]);
  await t.throwsAsync(inspectImage(scratch.path('fifo')), { instanceOf: ImageError, message: /is not a file/ });
});

test('an overlay takes the writes, and its base stays as it was', async (t) => {
  await using scratch = await makeScratch();
  const base = await inspectImage(await scratch.write('base.img', tinyGuestDisk()));
  const overlay = scratch.path('overlay.qcow2');
  await createOverlay({ base, file: overlay });
  const before = await readFile(base.file);
  await execa('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 512k', overlay]);
  t.deepEqual(await readFile(base.file), before);
  const inspected = await inspectImage(overlay);
  t.like(inspected, { format: 'qcow2', diskBytes: base.diskBytes, partitionTable: undefined, boots: undefined });
  t.notThrows(() => demandBootable(inspected, 'bios'));

  await truncate(overlay, (await stat(overlay)).size - 100_000);
  const cut = await t.throwsAsync(inspectImage(overlay), { instanceOf: ImageError });
  t.is(cut.fault, 'truncated');
  await truncate(overlay, 300);
  t.is((await t.throwsAsync(inspectImage(overlay), { instanceOf: ImageError })).fault, 'truncated');
});

test('an overlay that can not be made leaves no file, and what is there is not overwritten', async (t) => {
  await using scratch = await makeScratch();
  const base = { file: scratch.path('nothing'), format: 'raw' as const, diskBytes: 1 };
  const overlay = scratch.path('overlay.qcow2');
  await t.throwsAsync(createOverlay({ base, file: overlay }), {
    instanceOf: QemuError,
    message: /no overlay of .*nothing could be made.*No such file/s,
  });
  await t.throwsAsync(stat(overlay), { code: 'ENOENT' });

  const present = await scratch.write('present', 'precious');
  await t.throwsAsync(createOverlay({ base: await inspectImage(await scratch.write('base', tinyGuestDisk())), file: present }), {
    instanceOf: QemuError,
    message: /present is already there/,
  });
  t.is(await readFile(present, 'utf8'), 'precious');
});

test('a disk without room is told with figures', async (t) => {
  const error = await t.throwsAsync(demandSpace(tmpdir(), 2 ** 60, 'the overlay of flash.img'), { instanceOf: NoSpace });
  t.regex(error.message, /^the overlay of flash\.img needs 1,099,511,627,776 MiB in .*, where [\d,]+ MiB are free$/);
});
