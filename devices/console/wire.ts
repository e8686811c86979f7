import { z } from 'zod';
import { rfc2217 } from './rfc2217.ts';
import { tcpSource, unixSource } from './socket.ts';
import type { ConsoleSource } from './source.ts';
import { tty } from './tty.ts';

const kinds = ['tty', 'rfc2217', 'tcp', 'unix'] as const;
const path = z.string().startsWith('/', 'an absolute path');
const address = z.string().regex(/^[^\s:]+:\d{1,5}$/, 'host:port');

/** A board's console as bench.yaml tells it: one of a tty's path, a serial port server that speaks RFC 2217, a raw TCP port, a unix socket. */
export const consoleWire = z
  .strictObject({
    tty: path.optional(),
    rfc2217: address.optional(),
    tcp: address.optional(),
    unix: path.optional(),
    baudRate: z.int().positive().optional(),
  })
  .refine((wire) => kinds.filter((kind) => wire[kind] !== undefined).length === 1, `exactly one of ${kinds.join(', ')}`)
  .refine(
    (wire) => wire.baudRate === undefined || (wire.tcp === undefined && wire.unix === undefined),
    'a raw socket has no baudRate: its server sets it',
  );
export type ConsoleWire = z.infer<typeof consoleWire>;

/** A new source on that wire. @param usualBaudRate the board's own, where the wire doesn't say */
export function consoleSource(wire: ConsoleWire, usualBaudRate: number): ConsoleSource {
  const baudRate = wire.baudRate ?? usualBaudRate;
  if (wire.tty !== undefined) return tty(wire.tty, { baudRate });
  if (wire.rfc2217 !== undefined) return rfc2217({ ...hostAndPort(wire.rfc2217), baudRate });
  if (wire.tcp !== undefined) return tcpSource(hostAndPort(wire.tcp));
  if (wire.unix !== undefined) return unixSource(wire.unix);
  throw new RangeError('a console without a wire');
}

function hostAndPort(text: string): { host: string; port: number } {
  const [host = '', port = ''] = text.split(':');
  return { host, port: Number(port) };
}
