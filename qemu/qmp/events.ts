import { z } from 'zod';

/** The events that this project reads, with their payloads; QEMU's qapi/run-state.json, migration.json and qdev.json are the source. */
const at = z.number();
const nothing = z.object({});
const event = z.discriminatedUnion('name', [
  z.object({ name: z.literal('SHUTDOWN'), at, data: z.object({ guest: z.boolean(), reason: z.string() }) }),
  z.object({ name: z.literal('RESET'), at, data: z.object({ guest: z.boolean(), reason: z.string() }) }),
  z.object({ name: z.literal('POWERDOWN'), at, data: nothing }),
  z.object({ name: z.literal('STOP'), at, data: nothing }),
  z.object({ name: z.literal('RESUME'), at, data: nothing }),
  z.object({ name: z.literal('MIGRATION'), at, data: z.object({ status: z.string() }) }),
  z.object({ name: z.literal('DEVICE_DELETED'), at, data: z.object({ device: z.string().optional(), path: z.string() }) }),
]);

type AnyEvent = z.infer<typeof event>;

export type QmpEventName = AnyEvent['name'];

/** `at` is QEMU's wall clock in milliseconds since 1970. */
export type QmpEvent<Name extends QmpEventName = QmpEventName> = Extract<AnyEvent, { name: Name }>;

const names: ReadonlySet<string> = new Set(event.options.map((option) => option.shape.name.value));

/** An event that this project reads; undefined for one that it doesn't. Throws if a known event has an unknown shape. */
export function readEvent(name: string, data: unknown, milliseconds: number): QmpEvent | undefined {
  return names.has(name) ? event.parse({ name, at: milliseconds, data: data ?? {} }) : undefined;
}

export function isNamed<Name extends QmpEventName>(candidate: QmpEvent, name: Name): candidate is QmpEvent<Name> {
  return candidate.name === name;
}
