import { createHash } from 'node:crypto';
import { truncate } from 'node:fs/promises';
import test from 'ava';
import { ImageError } from '../../qemu/index.ts';
import { findBmap, readBmap } from './bmap.ts';
import { makeScratch } from '../../qemu/disk/scratch.ts';
import { bmapOf, specimen, specimenBytes } from './specimen.ts';

const whole = bmapOf(specimen());

/** The same file with something else in it, and a checksum of its own that is right for that. */
function signed(text: string): string {
  const zeros = '0'.repeat(64);
  const zeroed = text.replace(/(<BmapFileChecksum> )\S+/, `$1${zeros}`);
  return zeroed.replace(zeros, createHash('sha256').update(zeroed).digest('hex'));
}

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex');

test('what bmaptool writes is read, its comments are not', async (t) => {
  await using scratch = await makeScratch();
  const file = await scratch.write('image.bmap', whole);
  const bmap = await readBmap(file);
  t.like(bmap, { file, imageBytes: specimenBytes, algorithm: 'sha256' });
  t.deepEqual(
    bmap.ranges.map(({ start, end }) => ({ start, end })),
    specimen().extents,
  );
  t.true(bmap.ranges.every(({ checksum }) => checksum?.length === 64));
});

test('an image that ends in the middle of a block has a shorter last range', async (t) => {
  await using scratch = await makeScratch();
  const text = signed(whole.replace(`<ImageSize> ${specimenBytes} `, `<ImageSize> ${specimenBytes - 1000} `));
  t.is((await readBmap(await scratch.write('image.bmap', text))).ranges.at(-1)?.end, specimenBytes - 1000);
});

test('version 1.3 has SHA-1 under names of its own, 1.0 no checksums at all', async (t) => {
  await using scratch = await makeScratch();
  const old = `<bmap version="1.3">
    <ImageSize> 8192 </ImageSize> <BlockSize> 4096 </BlockSize>
    <BmapFileSHA1> ${'0'.repeat(40)} </BmapFileSHA1>
    <BlockMap> <Range sha1="${sha1('x')}"> 1 </Range> </BlockMap>
</bmap>`;
  const bmap = await readBmap(await scratch.write('1.3.bmap', old.replace('0'.repeat(40), sha1(old))));
  t.deepEqual([bmap.algorithm, bmap.ranges], ['sha1', [{ start: 4096, end: 8192, checksum: sha1('x') }]]);

  const older =
    '<bmap version="1.0"> <ImageSize> 8192 </ImageSize> <BlockSize> 4096 </BlockSize> <BlockMap><Range> 0-1 </Range></BlockMap> </bmap>';
  t.deepEqual((await readBmap(await scratch.write('1.0.bmap', older))).ranges, [{ start: 0, end: 8192, checksum: undefined }]);
});

const unusable: [what: string, text: string, found: RegExp][] = [
  ['changed', whole.replace(' 0-149 ', ' 0-148 '), /its own checksum is wrong/],
  ['cut short', whole.slice(0, -20), /does not go from <bmap version="…"> to <\/bmap>$/],
  ['of the next version', whole.replace('version="2.0"', 'version="3.0"'), /its version is 3\.0, and 1\.x and 2\.0 are known$/],
  ['without a size', signed(whole.replace(/<ImageSize>.*?<\/ImageSize>/, '')), /its ImageSize is missing$/],
  [
    'with backward ranges',
    signed(whole.replace('> 0-149 <', '> 800-949 <')),
    /blocks 254-768 overlap, go backwards or lie outside the image$/,
  ],
  ['with a range too many', signed(whole.replace('</BlockMap>', '<Range> x </Range></BlockMap>')), /has ranges that can’t be read$/],
  [
    'with another count',
    signed(whole.replace(/<MappedBlocksCount> \d+/, '<MappedBlocksCount> 7')),
    /it announces 7 mapped blocks and maps \d+$/,
  ],
  ['with checksums of another kind', whole.replace('> sha256 <', '> crc32 <'), /its checksums are crc32$/],
];

for (const [what, text, found] of unusable) {
  test(`a bmap file ${what} is refused in one sentence`, async (t) => {
    await using scratch = await makeScratch();
    const file = await scratch.write('image.bmap', text);
    const error = await t.throwsAsync(readBmap(file), { instanceOf: ImageError });
    t.true(error.message.startsWith(`${file} is no bmap file that can be used: `));
    t.regex(error.message, found);
    t.regex(error.advice, /--no-bmap/);
  });
}

test('a file that is missing, or an image given by mistake, is refused at once', async (t) => {
  await using scratch = await makeScratch();
  await t.throwsAsync(readBmap(scratch.path('nothing')), { instanceOf: ImageError, message: /nothing can't be read \(ENOENT/ });
  const image = await scratch.write('image', '');
  await truncate(image, 2 ** 33);
  await t.throwsAsync(readBmap(image), { instanceOf: ImageError, message: /it is larger than any bmap$/ });
});

test('it is found beside its image by the image’s name, less and less of it', async (t) => {
  await using scratch = await makeScratch();
  const image = scratch.path('core.wic.zst');
  t.is(await findBmap(image), undefined);
  const shortest = await scratch.write('core.bmap', '');
  t.is(await findBmap(image), shortest);
  const shorter = await scratch.write('core.wic.bmap', '');
  t.is(await findBmap(image), shorter);
  const full = await scratch.write('core.wic.zst.bmap', '');
  t.is(await findBmap(image), full);
});
