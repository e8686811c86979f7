import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runCommand } from '../../debian/index.ts';
import { ReferenceImageError } from '../errors.ts';

const toolBudget = 120_000;
const sectorBytes = 512;
/** Where the loader puts a kernel that can't be moved: GRUB's GRUB_LINUX_BZIMAGE_ADDR, QEMU's too. */
const loadAddress = 0x100000;
/** CONFIG_PHYSICAL_START: where Linux is linked to run, and entry.S unpacks it. */
const kernelAddress = 0x1000000;
/** Page tables and stack of entry.S. */
const workspaceAddress = 0xfe0000;

/** Fields of the setup header, by Documentation/x86/boot.rst. */
const field = {
  setupSectors: 0x1f1,
  protectedModeParagraphs: 0x1f4,
  magic: 0x202,
  relocatable: 0x234,
  xLoadFlags: 0x236,
  payloadOffset: 0x248,
  payloadLength: 0x24c,
  preferredAddress: 0x258,
  initSize: 0x260,
  handoverOffset: 0x264,
} as const;

/**
 * Makes, of a Debian bzImage, one that unpacks by LZ4 and is entered through entry.S; see there for why.
 * Only for a loader that uses the 32-bit boot protocol (GRUB for BIOS, QEMU's -kernel): EFI's entry and relocation are gone.
 */
export async function repackKernel(source: string, target: string, scratch: string, signal: AbortSignal | undefined): Promise<void> {
  const original = await readFile(source);
  const packed = join(scratch, 'kernel.xz');
  await writeFile(packed, compressedPayload(original));
  await runCommand('xz', ['--decompress', '--keep', '--force', packed], { signal, budget: toolBudget });
  const memory = join(scratch, 'kernel.memory');
  const kernelMemory = memoryImage(await readFile(join(scratch, 'kernel')));
  await writeFile(memory, kernelMemory);
  await runCommand('lz4', ['-l', '-9', '-f', '-q', memory, `${memory}.lz4`], { signal, budget: toolBudget });

  const object = join(scratch, 'entry.o');
  const entry = join(scratch, 'entry.bin');
  await runCommand('as', ['--32', '-o', object, join(import.meta.dirname, 'entry.S')], { signal, budget: toolBudget });
  await runCommand('ld', ['-m', 'elf_i386', '-Ttext', `0x${loadAddress.toString(16)}`, '--oformat', 'binary', '-o', entry, object], {
    signal,
    budget: toolBudget,
  });
  await writeFile(target, assemble(original, await readFile(entry), await readFile(`${memory}.lz4`), kernelMemory.length));
}

/** The kernel as its own decompressor would find it: an XZ stream; behind it the length of what comes out. */
function compressedPayload(image: Buffer): Buffer {
  if (image.toString('latin1', field.magic, field.magic + 4) !== 'HdrS') {
    throw new ReferenceImageError('the kernel is not a bzImage', { advice: 'Look at the package linux-image-amd64 of the mirror.' });
  }
  const start = setupBytes(image) + image.readUInt32LE(field.payloadOffset);
  const payload = image.subarray(start, start + image.readUInt32LE(field.payloadLength) - 4);
  if (!payload.subarray(0, 6).equals(Buffer.from('fd377a585a00', 'hex'))) {
    throw new ReferenceImageError('the kernel is not compressed by XZ', {
      advice: 'A newer Debian kernel may unpack fast by itself: leave it as it is.',
    });
  }
  return payload;
}

function setupBytes(image: Buffer): number {
  return (image.readUInt8(field.setupSectors) + 1) * sectorBytes;
}

/** An ELF executable's loadable segments as they lie in memory from `kernelAddress` on. Throws ReferenceImageError for one that doesn't begin there. */
export function memoryImage(elf: Buffer): Buffer {
  const headers = Number(elf.readBigUInt64LE(0x20));
  const headerBytes = elf.readUInt16LE(0x36);
  const segments = Array.from({ length: elf.readUInt16LE(0x38) }, (_, index) => elf.subarray(headers + index * headerBytes)).filter(
    (header) => header.readUInt32LE(0) === 1, // PT_LOAD
  );
  const placed = segments.map((header) => ({
    at: Number(header.readBigUInt64LE(24)) - kernelAddress,
    content: elf.subarray(Number(header.readBigUInt64LE(8)), Number(header.readBigUInt64LE(8) + header.readBigUInt64LE(32))),
    bytes: Number(header.readBigUInt64LE(40)),
  }));
  if (elf.readBigUInt64LE(0x18) !== BigInt(kernelAddress) || !placed.some((segment) => segment.at === 0)) {
    throw new ReferenceImageError('the kernel is not linked to run at 16 MiB', { advice: 'Adapt kernel-image/ to the new kernel.' });
  }
  const memory = Buffer.alloc(Math.max(...placed.map((segment) => segment.at + segment.bytes)));
  for (const { at, content } of placed) content.copy(memory, at);
  return memory;
}

/** The sum that entry.S computes: 32-bit little-endian words, added and rotated left by one bit each. */
export function rotatingSum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 4) {
    sum = (sum + bytes.readUInt32LE(at)) | 0;
    sum = (sum << 1) | (sum >>> 31);
  }
  return sum >>> 0;
}

/** A bzImage of the original's setup sectors, the entry and the LZ4 frame, which unpacks to so many bytes. */
export function assemble(original: Buffer, entry: Buffer, frame: Buffer, kernelBytes: number): Buffer {
  const end = 4; // a block length of zero
  const payload = Buffer.concat([frame, Buffer.alloc(end + 15 - ((frame.length + end - 1) % 16))]);
  const setup = Buffer.from(original.subarray(0, setupBytes(original)));
  const code = Buffer.from(entry);
  code.writeUInt32LE(kernelBytes, code.length - 12);
  code.writeUInt32LE(payload.length / 4, code.length - 8);
  code.writeUInt32LE(rotatingSum(payload), code.length - 4);
  if (loadAddress + code.length + payload.length > workspaceAddress) {
    throw new ReferenceImageError(`the kernel takes ${payload.length} bytes in LZ4, too many below 16 MiB`, {
      advice: 'Use a smaller kernel.',
    });
  }
  const memoryEnd = Number(original.readBigUInt64LE(field.preferredAddress)) + original.readUInt32LE(field.initSize);
  setup.writeUInt16LE(0, 0); // not an EFI program any more
  setup.writeUInt32LE((code.length + payload.length) / 16, field.protectedModeParagraphs);
  setup.writeUInt8(0, field.relocatable);
  setup.writeUInt16LE(0, field.xLoadFlags);
  setup.writeUInt32LE(code.length, field.payloadOffset);
  setup.writeUInt32LE(frame.length, field.payloadLength);
  setup.writeBigUInt64LE(BigInt(loadAddress), field.preferredAddress);
  setup.writeUInt32LE(memoryEnd - loadAddress, field.initSize);
  setup.writeUInt32LE(0, field.handoverOffset);
  return Buffer.concat([setup, code, payload]);
}
