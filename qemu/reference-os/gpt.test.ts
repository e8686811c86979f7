import { crc32 } from 'node:zlib';
import test from 'ava';

import { fixedUuid, guidBytes, mebibyte, type Partition, partitionTable, sectorBytes } from './gpt.ts';

const partitions: Partition[] = [
  { number: 1, name: 'resin-boot', type: 'efi-system', startMebibytes: 4, sizeMebibytes: 40 },
  { number: 2, name: 'resin-rootA', type: 'linux', startMebibytes: 44, sizeMebibytes: 10 },
];
const diskMebibytes = 64;
const sectors = (diskMebibytes * mebibyte) / sectorBytes;

test('front and back hold headers that point at each other and whose sums are right', (t) => {
  const { front, back } = partitionTable(partitions, diskMebibytes);
  t.is(front.length, 34 * sectorBytes);
  t.is(back.length, 33 * sectorBytes);
  const primary = front.subarray(sectorBytes, 2 * sectorBytes);
  const backup = back.subarray(32 * sectorBytes);
  for (const [header, own, other, table] of [
    [primary, 1, sectors - 1, 2],
    [backup, sectors - 1, 1, sectors - 33],
  ] as const) {
    t.is(header.toString('latin1', 0, 8), 'EFI PART');
    t.is(Number(header.readBigUInt64LE(24)), own);
    t.is(Number(header.readBigUInt64LE(32)), other);
    t.is(Number(header.readBigUInt64LE(72)), table);
    const unsummed = Buffer.from(header.subarray(0, 92));
    unsummed.writeUInt32LE(0, 16);
    t.is(header.readUInt32LE(16), crc32(unsummed));
    t.is(header.readUInt32LE(88), crc32(front.subarray(2 * sectorBytes)));
  }
  t.deepEqual(front.subarray(2 * sectorBytes), back.subarray(0, 32 * sectorBytes));
  t.is(front[450], 0xee, 'a protective MBR');
  t.is(front.readUInt16LE(510), 0xaa55);
});

test('an entry carries type, place and name', (t) => {
  const { front } = partitionTable(partitions, diskMebibytes);
  const entry = front.subarray(2 * sectorBytes + 128, 2 * sectorBytes + 256);
  t.deepEqual(entry.subarray(0, 16), Buffer.from('af3dc60f838472478e793d69d8477de4', 'hex'));
  t.is(Number(entry.readBigUInt64LE(32)), (44 * mebibyte) / sectorBytes);
  t.is(Number(entry.readBigUInt64LE(40)), (54 * mebibyte) / sectorBytes - 1);
  t.is(entry.toString('utf16le', 56, 56 + 2 * 'resin-rootA'.length), 'resin-rootA');
});

test('partitions that overlap, or reach over the end, are refused', (t) => {
  const overlapping: Partition = { number: 3, name: 'x', type: 'linux', startMebibytes: 50, sizeMebibytes: 4 };
  t.throws(() => partitionTable([...partitions, overlapping], diskMebibytes), { instanceOf: RangeError });
  t.throws(() => partitionTable(partitions, 54), { instanceOf: RangeError });
});

test('a fixed UUID is the same for a name, another for another, and well-formed', (t) => {
  t.is(fixedUuid('a'), fixedUuid('a'));
  t.not(fixedUuid('a'), fixedUuid('b'));
  t.regex(fixedUuid('a'), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
  t.throws(() => guidBytes('no guid'), { instanceOf: TypeError });
});
