import { z } from 'zod';
import { wireErrorSchema } from './wire-error.ts';

/*
 * What a suite and the bench say to each other: one JSON object a line over a unix socket, UTF-8, no line break inside.
 *
 *   client  {hello: {protocol, token}}                    first, and once
 *   bench   {welcome: {devices: […]}}                     or {refused: error}, and the end
 *   client  {id, device, part, method, params}            a request; ids are the client's, each used once
 *   bench   {id, result} or {id, error}                   its end, in whatever order the requests end
 *   bench   {id, item}                                    a stream's next item, as long as there is credit
 *   client  {id, more: n}                                 credit for n further items
 *   client  {id, cancel: true}                            nobody waits for this request any longer
 */

export const protocolVersion = 1;

/** The longest line that either side reads: a stick's largest file in base64. */
export const longestLine = 64 * 1024 * 1024;

const bytesSchema = z.codec(
  z.strictObject({ base64: z.string() }),
  z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  {
    decode: ({ base64 }) => Uint8Array.from(Buffer.from(base64, 'base64')),
    encode: (bytes) => ({ base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') }),
  },
);

const regExpSchema = z.codec(z.strictObject({ source: z.string(), flags: z.string() }), z.instanceof(RegExp), {
  decode: ({ source, flags }, context) => {
    try {
      return new RegExp(source, flags);
    } catch (error) {
      context.issues.push({ code: 'custom', input: source, message: String(error) });
      return z.NEVER;
    }
  },
  encode: ({ source, flags }) => ({ source, flags }),
});

const textOrBytesSchema = z.union([z.string(), bytesSchema]);
const offsetSchema = z.int().nonnegative();
/** Epoch milliseconds. */
const timeSchema = z.number();

export const consoleChunkSchema = z.strictObject({ offset: offsetSchema, at: timeSchema, bytes: bytesSchema });

const consoleMatchSchema = z.strictObject({
  text: z.string(),
  groups: z.array(z.string()),
  offset: offsetSchema,
  end: offsetSchema,
  at: timeSchema,
});

const consoleFaultSchema = z.strictObject({
  kind: z.enum(['panic', 'oops', 'unexpected-reset', 'watchdog', 'brown-out']),
  line: z.string(),
  offset: offsetSchema,
  at: timeSchema,
});

const bootTimelineSchema = z.strictObject({
  startedAt: timeSchema,
  offset: offsetSchema,
  stages: z.array(
    z.strictObject({
      name: z.enum(['restored', 'firmware', 'loader', 'kernel', 'init', 'login', 'ssh']),
      at: timeSchema,
      offset: offsetSchema,
    }),
  ),
});

const fromSchema = z.strictObject({ from: z.exactOptional(offsetSchema) });

const endpointSchema = z.strictObject({ host: z.string(), port: z.int() });

const filesystemSchema = z.enum(['vfat', 'ext4', 'exfat', 'ntfs', 'btrfs', 'none']);

const stickSpecSchema = z.strictObject({
  filesystem: filesystemSchema,
  label: z.exactOptional(z.string()),
  uuid: z.exactOptional(z.string()),
  sizeMiB: z.exactOptional(z.number()),
  files: z.exactOptional(z.record(z.string(), textOrBytesSchema)),
  hostFiles: z.exactOptional(z.record(z.string(), z.string())),
});

const stickSchema = z.strictObject({
  id: z.string(),
  filesystem: filesystemSchema,
  label: z.exactOptional(z.string()),
  uuid: z.string(),
  inserted: z.boolean(),
});

const ofStick = { stick: z.string() };
const insertedSchema = z.strictObject({ inserted: z.boolean() });

const clockModeSchema = z.discriminatedUnion('answer', [
  z.strictObject({ answer: z.literal('right') }),
  z.strictObject({ answer: z.literal('offset'), seconds: z.number() }),
  z.strictObject({ answer: z.literal('silent') }),
  z.strictObject({ answer: z.literal('blocked') }),
]);

const nothing = z.strictObject({});

function method<P extends z.ZodType, R extends z.ZodType>(params: P, result: R): { params: P; result: R } {
  return { params, result };
}

/** Every call, as `part.method`: what it takes and what it gives. */
const table = {
  'console.mark': method(nothing, offsetSchema),
  'console.expect': method(
    z.strictObject({ pattern: z.union([z.string(), regExpSchema]), from: z.exactOptional(offsetSchema), timeout: z.number() }),
    consoleMatchSchema,
  ),
  'console.read': method(z.strictObject({ from: offsetSchema, to: offsetSchema }), bytesSchema),
  'console.write': method(z.strictObject({ data: textOrBytesSchema }), z.void()),
  /** Who types at the console, of the people at their terminals: one at a time. Empty: you, until you hang up. */
  'console.claim': method(z.strictObject({ who: z.string() }), z.strictObject({ heldBy: z.exactOptional(z.string()) })),
  /** A stream of chunks: its items come one by one, its result is its end. */
  'console.follow': method(fromSchema, z.void()),
  'console.faults': method(fromSchema, z.array(consoleFaultSchema)),
  'console.announceReset': method(nothing, z.void()),
  'console.boots': method(fromSchema, z.array(bootTimelineSchema)),
  'power.on': method(nothing, z.void()),
  'power.off': method(nothing, z.void()),
  'power.cycle': method(z.strictObject({ offFor: z.exactOptional(z.number()) }), z.void()),
  'power.state': method(nothing, z.enum(['on', 'off', 'unknown'])),
  'sticks.filesystems': method(nothing, z.array(filesystemSchema)),
  'sticks.create': method(stickSpecSchema, stickSchema),
  'sticks.clear': method(nothing, z.void()),
  'sticks.insert': method(z.strictObject(ofStick), insertedSchema),
  'sticks.pull': method(z.strictObject(ofStick), insertedSchema),
  'sticks.readFile': method(z.strictObject({ ...ofStick, path: z.string() }), bytesSchema),
  'sticks.list': method(z.strictObject(ofStick), z.array(z.string())),
  'sticks.discard': method(z.strictObject(ofStick), z.void()),
  'clock.address': method(nothing, endpointSchema),
  'clock.serve': method(clockModeSchema, z.void()),
  'clock.requests': method(nothing, z.strictObject({ count: z.int(), lastAt: z.exactOptional(timeSchema) })),
  'clock.now': method(nothing, timeSchema),
  'device.endpoints': method(nothing, z.strictObject({ ssh: endpointSchema, engine: endpointSchema, supervisor: endpointSchema })),
  'device.artifacts': method(nothing, z.strictObject({ serviceImage: z.string(), update: z.exactOptional(z.string()) })),
  'device.markDirty': method(z.strictObject({ reason: z.string() }), z.void()),
  'device.begin': method(z.strictObject({ suite: z.string(), test: z.string() }), z.int().nonnegative()),
  'device.recall': method(z.strictObject({ key: z.string() }), z.strictObject({ value: z.exactOptional(z.unknown()) })),
  'device.remember': method(z.strictObject({ key: z.string(), value: z.unknown() }), z.void()),
} as const;

export type Method = keyof typeof table;
export type Params<M extends Method> = z.output<(typeof table)[M]['params']>;
export type Result<M extends Method> = z.output<(typeof table)[M]['result']>;

export const methods: { readonly [M in Method]: { params: z.ZodType<Params<M>>; result: z.ZodType<Result<M>> } } = table;

export function isMethod(name: string): name is Method {
  return Object.hasOwn(methods, name);
}

const idSchema = z.int().nonnegative();

export const helloSchema = z.strictObject({ hello: z.strictObject({ protocol: z.number(), token: z.string() }) });

/** What a client must know of a device before its first call. */
export const deviceDescriptionSchema = z.strictObject({
  id: z.string(),
  type: z.string(),
  sticks: z.exactOptional(z.strictObject({ atOnce: z.int() })),
  clock: z.boolean(),
});
export type DeviceDescription = z.infer<typeof deviceDescriptionSchema>;

export const greetingSchema = z.union([
  z.strictObject({ welcome: z.strictObject({ devices: z.array(deviceDescriptionSchema) }) }),
  z.strictObject({ refused: wireErrorSchema }),
]);
export type Greeting = z.infer<typeof greetingSchema>;

export const clientMessageSchema = z.union([
  z.strictObject({ id: idSchema, device: z.string(), part: z.string(), method: z.string(), params: z.unknown() }),
  z.strictObject({ id: idSchema, more: z.int().positive() }),
  z.strictObject({ id: idSchema, cancel: z.literal(true) }),
]);
export type ClientMessage = z.infer<typeof clientMessageSchema>;

export const benchMessageSchema = z.union([
  z.strictObject({ id: idSchema, error: wireErrorSchema }),
  z.strictObject({ id: idSchema, item: z.unknown() }),
  z.strictObject({ id: idSchema, result: z.exactOptional(z.unknown()) }),
  z.strictObject({ refused: wireErrorSchema }),
]);
export type BenchMessage = z.infer<typeof benchMessageSchema>;
