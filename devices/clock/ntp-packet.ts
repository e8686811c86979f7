/*
 * The 48 bytes of NTP that an SNTP server reads and writes. Source: RFC 5905 §7.3 (figure 8) and RFC 4330 §4–6.
 */

/** Seconds from NTP's beginning (1900) to the epoch (1970). RFC 5905 §6. */
const seconds1900to1970 = 2_208_988_800;
export const packetBytes = 48;
const clientMode = 3;
const serverMode = 4;

const at = {
  stratum: 1,
  poll: 2,
  precision: 3,
  rootDelay: 4,
  rootDispersion: 8,
  referenceId: 12,
  reference: 16,
  originate: 24,
  receive: 32,
  transmit: 40,
};

/** True for what an NTP client sends: mode 3 of any version in use. */
export function isRequest(packet: Uint8Array): boolean {
  const [first = 0] = packet;
  const version = (first >> 3) & 0b111;
  return packet.length >= packetBytes && (first & 0b111) === clientMode && version >= 1 && version <= 4;
}

export interface ReplyTimes {
  /** When the request came and when the reply leaves, epoch milliseconds of the clock that is served. */
  received: number;
  transmitted: number;
}

/** A primary server's answer: it claims an uncalibrated local clock good to about a millisecond. */
export function reply(request: Uint8Array, { received, transmitted }: ReplyTimes): Buffer {
  const packet = Buffer.alloc(packetBytes);
  const [first = 0, , poll = 0] = request;
  const version = (first >> 3) & 0b111;
  // Leap indicator 0: no warning. The version is the client's.
  packet.writeUInt8((version << 3) | serverMode, 0);
  packet.writeUInt8(1, at.stratum);
  packet.writeUInt8(poll, at.poll);
  // 2^-10 s: Date.now() counts milliseconds.
  packet.writeInt8(-10, at.precision);
  packet.writeUInt32BE(0, at.rootDelay);
  // 16.16 fixed point: 1 ms.
  packet.writeUInt32BE(66, at.rootDispersion);
  packet.write('LOCL', at.referenceId, 'ascii');
  // Set a second ago: a clock that was never set would be refused.
  writeTimestamp(packet, at.reference, received - 1000);
  packet.set(request.subarray(at.transmit, at.transmit + 8), at.originate);
  writeTimestamp(packet, at.receive, received);
  writeTimestamp(packet, at.transmit, transmitted);
  return packet;
}

/** A client's request of version 4, the counterpart for tests and probes. */
export function request(transmitted: number): Buffer {
  const packet = Buffer.alloc(packetBytes);
  packet.writeUInt8((4 << 3) | clientMode, 0);
  writeTimestamp(packet, at.transmit, transmitted);
  return packet;
}

/** What a reply says, times in epoch milliseconds. */
export function readReply(packet: Buffer) {
  return {
    leap: packet.readUInt8(0) >> 6,
    version: (packet.readUInt8(0) >> 3) & 0b111,
    mode: packet.readUInt8(0) & 0b111,
    stratum: packet.readUInt8(at.stratum),
    precision: packet.readInt8(at.precision),
    referenceId: packet.toString('ascii', at.referenceId, at.referenceId + 4),
    reference: readTimestamp(packet, at.reference),
    originate: readTimestamp(packet, at.originate),
    received: readTimestamp(packet, at.receive),
    transmitted: readTimestamp(packet, at.transmit),
  };
}

/** 32 bits of seconds in the era, 32 bits of fraction. The era turns over in 2036; clients know which is meant. */
function writeTimestamp(packet: Buffer, offset: number, milliseconds: number): void {
  const seconds = Math.floor(milliseconds / 1000);
  packet.writeUInt32BE((seconds + seconds1900to1970) % 2 ** 32, offset);
  packet.writeUInt32BE(Math.floor(((milliseconds - seconds * 1000) / 1000) * 2 ** 32), offset + 4);
}

/** In the era that began in 1900, or, for what would lie before 1968, in the next (RFC 4330 §3). */
function readTimestamp(packet: Buffer, offset: number): number {
  const seconds = packet.readUInt32BE(offset);
  const era = seconds < 2 ** 31 ? 2 ** 32 : 0;
  return (seconds + era - seconds1900to1970) * 1000 + (packet.readUInt32BE(offset + 4) / 2 ** 32) * 1000;
}
