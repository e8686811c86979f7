import test from 'ava';

import { ReferenceImageError } from '../errors.ts';
import { assemble, memoryImage, rotatingSum } from './repack.ts';

interface Segment {
  type: number;
  address: number;
  content: string;
  memoryBytes: number;
}

function elf(entry: number, segments: Segment[]): Buffer {
  const header = Buffer.alloc(64 + 56 * segments.length);
  header.writeBigUInt64LE(BigInt(entry), 0x18);
  header.writeBigUInt64LE(64n, 0x20);
  header.writeUInt16LE(56, 0x36);
  header.writeUInt16LE(segments.length, 0x38);
  let offset = header.length;
  for (const [index, segment] of segments.entries()) {
    const at = 64 + 56 * index;
    header.writeUInt32LE(segment.type, at);
    header.writeBigUInt64LE(BigInt(offset), at + 8);
    header.writeBigUInt64LE(BigInt(segment.address), at + 24);
    header.writeBigUInt64LE(BigInt(segment.content.length), at + 32);
    header.writeBigUInt64LE(BigInt(segment.memoryBytes), at + 40);
    offset += segment.content.length;
  }
  return Buffer.concat([header, ...segments.map(({ content }) => Buffer.from(content))]);
}

test('segments lie in memory where the ELF says, gaps and tails zero, notes left out', (t) => {
  const memory = memoryImage(
    elf(0x1000000, [
      { type: 1, address: 0x1000000, content: 'text', memoryBytes: 4 },
      { type: 1, address: 0x1000008, content: 'data', memoryBytes: 8 },
      { type: 4, address: 0x1000000, content: 'note', memoryBytes: 4 },
    ]),
  );
  t.is(memory.toString('latin1'), 'text\0\0\0\0data\0\0\0\0');
});

test('a kernel linked to run elsewhere is refused', (t) => {
  t.throws(() => memoryImage(elf(0x2000000, [{ type: 1, address: 0x2000000, content: 'text', memoryBytes: 4 }])), {
    instanceOf: ReferenceImageError,
  });
});

const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);

test('the sum depends on every bit and on the order', (t) => {
  t.is(rotatingSum(words(1, 2)), 8); // ((0 + 1) rol 1 + 2) rol 1
  t.is(rotatingSum(words(0x80000000)), 1);
  t.not(rotatingSum(words(1, 2)), rotatingSum(words(2, 1)));
});

test('an assembled image says where its payload is, what it needs, and that it cannot be moved', (t) => {
  const original = Buffer.alloc(4096, 0xaa);
  original.writeUInt8(3, 0x1f1);
  original.writeBigUInt64LE(0x1000000n, 0x258);
  original.writeUInt32LE(0x3f98000, 0x260);
  const frame = Buffer.from('an LZ4 frame');
  const image = assemble(original, Buffer.alloc(528, 0x90), frame, 0x12345);
  t.is(image.length, 2048 + 528 + 16);
  t.is(image.readUInt32LE(0x1f4) * 16, 528 + 16);
  t.is(image.readUInt8(0x234), 0);
  t.is(image.readUInt32LE(0x248), 528);
  t.is(image.readUInt32LE(0x24c), frame.length);
  t.is(image.readUInt32LE(0x260) + 0x100000, 0x1000000 + 0x3f98000);
  t.is(image.readUInt32LE(2048 + 516), 0x12345);
  t.is(image.readUInt32LE(2048 + 520), 4, 'words of the payload');
  t.is(image.readUInt32LE(2048 + 524), rotatingSum(image.subarray(2048 + 528)));
  t.is(image.readUInt32LE(image.length - 4), 0, 'a block length of zero ends the frame');
});

test('a kernel that would reach into the entry’s own memory is refused', (t) => {
  const original = Buffer.alloc(1024);
  t.throws(() => assemble(original, Buffer.alloc(528), Buffer.alloc(15 * 1024 * 1024), 0), { instanceOf: ReferenceImageError });
});
