import type { BenchParts } from '../device.ts';
import { DeviceError } from '../errors.ts';
import type { Clock } from '../clock/clock.ts';
import type { Stick, Sticks } from '../sticks/sticks.ts';
import type { ConsoleChunk } from '../console/console.ts';
import type { Method, Params, Result } from './protocol.ts';

/** A device as the server holds it: its parts, and what clients have of it. */
export interface ServedDevice {
  parts: BenchParts;
  /** Those that clients made, and name by id. */
  sticks: Map<string, Stick>;
  /** Who types at its console. */
  typist?: string | undefined;
}

export interface CallContext {
  /** Aborted when the client cancels or dies. */
  signal: AbortSignal;
  /** Aborted when the client hangs up. */
  left: AbortSignal;
  /** Hands a stream's next item to the client; resolves once the client had credit for it, rejects once nobody waits for it. */
  send: (item: ConsoleChunk) => Promise<void>;
}

/** A request names something that this device hasn't got. */
export class NoSuchPart extends DeviceError {
  override readonly name = 'NoSuchPart';
}

/** What the server does for each method of the protocol. */
export const calls: { readonly [M in Method]: (device: ServedDevice, params: Params<M>, context: CallContext) => Promise<Result<M>> } = {
  'console.mark': ({ parts }) => parts.console.mark(),
  'console.expect': ({ parts }, { pattern, ...options }, { signal }) => parts.console.expect(pattern, { ...options, signal }),
  'console.read': ({ parts }, range) => parts.console.read(range),
  'console.write': ({ parts }, { data }) => parts.console.write(data),
  'console.claim': async (device, { who }, { left }) => {
    if (device.typist !== undefined) return { heldBy: device.typist };
    left.throwIfAborted();
    device.typist = who;
    const letGo = () => {
      device.typist = undefined;
    };
    left.addEventListener('abort', letGo, { once: true });
    return {};
  },
  'console.follow': async ({ parts }, options, { signal, send }) => {
    for await (const chunk of parts.console.follow({ ...options, signal })) await send(chunk);
  },
  'console.faults': ({ parts }, options) => parts.console.faults(options),
  'console.announceReset': ({ parts }) => parts.console.announceReset(),
  'console.boots': ({ parts }, options) => parts.console.boots(options),

  'power.on': ({ parts }) => parts.power.on(),
  'power.off': ({ parts }) => parts.power.off(),
  'power.cycle': ({ parts }, options) => parts.power.cycle(options),
  'power.state': ({ parts }) => parts.power.state(),

  'sticks.filesystems': async (device) => sticksOf(device).filesystems(),
  'sticks.create': async (device, spec) => {
    const stick = await sticksOf(device).create(spec);
    device.sticks.set(stick.id, stick);
    const { id, filesystem, label, uuid, inserted } = stick;
    return label === undefined ? { id, filesystem, uuid, inserted } : { id, filesystem, label, uuid, inserted };
  },
  'sticks.clear': async (device) => {
    await sticksOf(device).clear();
    device.sticks.clear();
  },
  'sticks.insert': async (device, params) => {
    const stick = stickOf(device, params);
    await stick.insert();
    return { inserted: stick.inserted };
  },
  'sticks.pull': async (device, params) => {
    const stick = stickOf(device, params);
    await stick.pull();
    return { inserted: stick.inserted };
  },
  'sticks.readFile': async (device, params) => stickOf(device, params).readFile(params.path),
  'sticks.list': async (device, params) => stickOf(device, params).list(),
  'sticks.discard': async (device, params) => {
    await stickOf(device, params).discard();
    device.sticks.delete(params.stick);
  },

  'clock.address': async (device) => clockOf(device).address(),
  'clock.serve': async (device, mode) => clockOf(device).serve(mode),
  'clock.requests': async (device) => clockOf(device).requests(),
  'clock.now': async (device) => clockOf(device).now(),

  'device.endpoints': ({ parts }) => parts.endpoints(),
  'device.artifacts': ({ parts }) => parts.artifacts(),
  'device.markDirty': ({ parts }, { reason }) => parts.markDirty(reason),
  'device.begin': ({ parts }, work) => parts.begin(work),
  'device.recall': async ({ parts }, { key }) => {
    const value = await parts.recall(key);
    return value === undefined ? {} : { value };
  },
  'device.remember': ({ parts }, { key, value }) => parts.remember(key, value),
};

function sticksOf({ parts }: ServedDevice): Sticks {
  if (parts.sticks !== undefined) return parts.sticks;
  throw new NoSuchPart(`${parts.id} (${parts.type}) has no sticks`, {
    blame: 'test',
    advice: "State the need: proves(…, { needs: ['sticks'] }).",
  });
}

function clockOf({ parts }: ServedDevice): Clock {
  if (parts.clock !== undefined) return parts.clock;
  throw new NoSuchPart(`${parts.id} (${parts.type}) has no clock`, {
    blame: 'test',
    advice: "State the need: proves(…, { needs: ['clock'] }).",
  });
}

function stickOf({ parts, sticks }: ServedDevice, { stick: id }: { stick: string }): Stick {
  const stick = sticks.get(id);
  if (stick !== undefined) return stick;
  throw new NoSuchPart(`${parts.id} has no stick ${id} (any longer)`, { blame: 'test', advice: 'It was discarded; create another.' });
}
