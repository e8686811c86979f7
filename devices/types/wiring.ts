import { z } from 'zod';
import { consoleWire } from '../console/wire.ts';

/** Of a balenaOS console, in bits a second. */
export const usualBaudRate = 115_200;
/** Ports of a balenaOS development image: sshd, the engine, the supervisor. */
export const usualPorts = { ssh: 22_222, engine: 2375, supervisor: 48_484 };

const port = z.int().min(1).max(65_535);

/** A driver's name and what it wants to know. */
const wireTo = (kind: string, example: string) =>
  z.record(z.string(), z.unknown()).refine((wire) => Object.keys(wire).length === 1, `exactly one ${kind}, such as ${example}`);

/** A card or stick that either the bench or the board has. */
const muxedDisk = z.strictObject({
  mux: wireTo('card multiplexer', '{ usbsdmux: { device: … } }'),
  /** As the bench sees it while the multiplexer gives it: by path, for another reader would do the same under another name. */
  disk: z.string().min(1),
  /** The one that belongs here is at least and at most so large. */
  minBytes: z.int().min(1).optional(),
  maxBytes: z.int().min(1).optional(),
});
export type MuxedDisk = z.infer<typeof muxedDisk>;

/** How a board is wired to its bench, as bench.yaml tells it. */
export const wiringSchema = z.strictObject({
  console: consoleWire,
  /** Its switch. */
  power: wireTo('switch', '{ shelly: { host: … } }'),
  /** Its card, where the bench can take hold of it. */
  medium: muxedDisk.optional(),
  /** USB sticks of its ports, each behind a multiplexer of its own: what the tests put on them overwrites all that is there. */
  sticks: z.array(muxedDisk).max(4).optional(),
  /**
   * The bench's time server for this board, where a firewall between them wants one port (UDP; default: any free one), or where the board sees the bench under
   * another address than the bench's own.
   */
  clock: z.strictObject({ address: z.string().min(1).optional(), port: port.optional() }).optional(),
  /** How long a power cycle leaves the board without power, in milliseconds. Default 2000; 5000 to 10000 where a UART or HDMI cable feeds it. */
  offForMs: z.int().min(0).max(60_000).optional(),
  /** The board's address on the network, and its ports where they aren't a balenaOS development image's. */
  address: z.string().min(1),
  ports: z.strictObject({ ssh: port.optional(), engine: port.optional(), supervisor: port.optional() }).optional(),
});
export type Wiring = z.infer<typeof wiringSchema>;
