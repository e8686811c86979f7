import { z } from 'zod';
import { consoleWire } from '../console/wire.ts';
import { DeviceError } from '../errors.ts';
import type { Outlet } from '../power/outlet.ts';
import { outletDriver } from '../power/outlets/registry.ts';

const port = z.int().min(1).max(65_535);

/** How a board is wired to its bench, as bench.yaml tells it. */
export const wiringSchema = z.strictObject({
  console: consoleWire,
  /** The driver's name and what it wants to know of the outlet; `offForMs`: how long a cut lasts at least. */
  power: z
    .record(z.string(), z.unknown())
    .refine((power) => Object.keys(power).length === 1, 'exactly one switch, such as { shelly: { host: … } }'),
  /** How long a power cycle leaves the board without power, in milliseconds. Default 2000; 5000 to 10000 where a UART or HDMI cable feeds it. */
  offForMs: z.int().min(0).max(60_000).optional(),
  /** The board's address on the network, and its ports where they aren't a balenaOS development image's. */
  address: z.string().min(1),
  ports: z.strictObject({ ssh: port.optional(), engine: port.optional(), supervisor: port.optional() }).optional(),
});
export type Wiring = z.infer<typeof wiringSchema>;

/** What bench.yaml says of a switch isn't what its driver takes. */
export class WiringWrong extends DeviceError {
  override readonly name = 'WiringWrong';
}

/** The outlet that a wiring tells of; nothing is sent to it. Throws UnknownOutletDriver, WiringWrong. */
export async function openOutlet(power: Wiring['power']): Promise<Outlet> {
  const [[name, options] = ['', {}]] = Object.entries(power);
  const driver = await outletDriver(name);
  const parsed = driver.options.safeParse(options);
  if (parsed.success) return driver.open(parsed.data);
  const [issue] = parsed.error.issues;
  const place = [name, ...(issue?.path ?? []).map(String)].join('.');
  throw new WiringWrong(`${place}: ${issue?.message}`, { blame: 'infra', advice: 'docs/hardware.md shows what each driver wants to know' });
}
