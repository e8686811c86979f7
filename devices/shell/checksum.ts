import { createHash } from 'node:crypto';

/** Which tool the device has: POSIX `cksum`, or the first 32 bits of `md5sum`. */
export type ChecksumTool = 'cksum' | 'md5sum';

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) remainder = remainder & 0x80000000 ? (remainder << 1) ^ 0x04c11db7 : remainder << 1;
  return remainder >>> 0;
});

/** The CRC of POSIX `cksum`: polynomial 0x04C11DB7, the length appended, complemented (IEEE Std 1003.1, cksum). */
export function cksum(bytes: Uint8Array): number {
  let remainder = 0;
  for (const byte of bytes) remainder = ((remainder << 8) ^ (table[((remainder >>> 24) ^ byte) & 0xff] ?? 0)) >>> 0;
  for (let length = bytes.length; length > 0; length = Math.floor(length / 256)) {
    remainder = ((remainder << 8) ^ (table[((remainder >>> 24) ^ length) & 0xff] ?? 0)) >>> 0;
  }
  return ~remainder >>> 0;
}

export function checksum(tool: ChecksumTool, bytes: Uint8Array): number {
  return tool === 'cksum' ? cksum(bytes) : createHash('md5').update(bytes).digest().readUInt32BE();
}
