import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { deviceTypes, muxes, outlets, wiringSchema } from '../../devices/index.ts';
import { virtualEntry } from './config.ts';

/** What may stand in a bench.yaml, for editors: the device types and drivers that there are, and what each driver wants to know. */
export async function benchSchema(): Promise<string> {
  const types = [...(await deviceTypes()).values()];
  const names = (wired: boolean) => types.filter((type) => type.wired === wired).map(({ name }) => name);
  const muxed = z.strictObject({ ...wiringSchema.shape.medium.unwrap().shape, mux: wireOf(await muxes.all()) });
  const board = z.strictObject({
    type: z.enum(names(true)),
    ...wiringSchema.shape,
    power: wireOf(await outlets.all()),
    medium: muxed.optional(),
    sticks: z.array(muxed).max(4).optional(),
  });
  const virtual = z.strictObject({ ...virtualEntry.shape, type: z.enum(names(false)) });
  const bench = z.strictObject({ devices: z.record(z.string(), z.union([board, virtual])) });
  // As a person writes it: what has a default may be left out.
  return `${JSON.stringify(z.toJSONSchema(bench, { target: 'draft-2020-12', io: 'input' }), null, 2)}\n`;
}

/** Exactly one driver, and its options. */
function wireOf(drivers: ReadonlyMap<string, { options: z.ZodType }>): z.ZodType {
  return z.union([...drivers].map(([name, { options }]) => z.strictObject({ [name]: options })));
}

export const benchSchemaFile = new URL('../../schema/bench.json', import.meta.url);

/** `node workers/bench/schema.ts && npx oxfmt` writes schema/bench.json; run it after a change to what a bench.yaml may say. */
if (import.meta.main) writeFileSync(benchSchemaFile, await benchSchema());
