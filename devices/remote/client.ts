import type { Clock } from '../clock/clock.ts';
import type { Console } from '../console/console.ts';
import type { BenchParts } from '../device.ts';
import { DeviceError } from '../errors.ts';
import type { Power } from '../power/power.ts';
import type { Stick, Sticks } from '../sticks/sticks.ts';
import { Connection } from './connection.ts';
import { consoleChunkSchema, type DeviceDescription, type Method, type Params, type Result } from './protocol.ts';

export { BenchLost } from './connection.ts';

export interface ConnectBenchOptions {
  socketPath: string;
  token: string;
  /** The id of one of the bench's devices. */
  device: string;
}

/** The bench serves no device of that id. */
export class NoSuchDevice extends DeviceError {
  override readonly name = 'NoSuchDevice';
}

/** A device's parts, which another process, the bench, owns. */
export interface RemoteParts extends BenchParts {
  /**
   * Asks to be the one person who types at the console, until `close`. Resolves with who is that already, or undefined: you are. Nothing else is kept from
   * writing by it, suites least of all.
   */
  claimConsole(who: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Reaches a device of a bench. Throws NoSuchDevice, or what the connection met with. */
export async function connectBench(options: ConnectBenchOptions): Promise<RemoteParts> {
  const connection = await Connection.open(options.socketPath, options.token);
  const description = connection.devices.find(({ id }) => id === options.device);
  if (description === undefined) {
    await connection.close();
    const served = connection.devices.map(({ id }) => id).join(' ');
    throw new NoSuchDevice(`the bench serves no device ${options.device}`, { blame: 'harness', advice: `It serves: ${served}` });
  }
  return partsOver(connection, description);
}

/** Sends a call of one device. */
type Call = <M extends Method>(name: M, params: Params<M>, signal?: AbortSignal) => Promise<Result<M>>;

function partsOver(connection: Connection, description: DeviceDescription): RemoteParts {
  const { id, type } = description;
  const call: Call = (name, params, signal) => connection.call(id, name, params, signal);
  return {
    id,
    type,
    console: consoleOver(connection, id, call),
    power: powerOver(call),
    ...(description.sticks === undefined ? {} : { sticks: sticksOver(call, description.sticks) }),
    ...(description.clock ? { clock: clockOver(call) } : {}),
    endpoints: () => call('device.endpoints', {}),
    artifacts: () => call('device.artifacts', {}),
    markDirty: (reason) => call('device.markDirty', { reason }),
    begin: (work) => call('device.begin', work),
    recall: async (key) => (await call('device.recall', { key })).value,
    remember: (key, value) => call('device.remember', { key, value }),
    claimConsole: async (who) => (await call('console.claim', { who })).heldBy,
    close: () => connection.close(),
  };
}

/** Bytes of the log that travel in one line. */
const readSlice = 1024 * 1024;

function consoleOver(connection: Connection, device: string, call: Call): Console {
  return {
    mark: () => call('console.mark', {}),
    expect: (pattern, { signal, ...options }) => call('console.expect', { pattern, ...options }, signal),
    async read(range = {}) {
      const from = range.from ?? 0;
      const to = range.to ?? (await call('console.mark', {}));
      const slices: Uint8Array[] = [];
      for (let start = from; start < to; start += readSlice) {
        const slice = await call('console.read', { from: start, to: Math.min(start + readSlice, to) });
        slices.push(slice);
        // The log ends before `to`.
        if (slice.length < readSlice) break;
      }
      return Uint8Array.from(Buffer.concat(slices));
    },
    write: (data) => call('console.write', { data }),
    follow: ({ signal, ...options }) => connection.stream(device, 'console.follow', options, consoleChunkSchema, signal),
    faults: (options = {}) => call('console.faults', options),
    announceReset: () => call('console.announceReset', {}),
    boots: (options = {}) => call('console.boots', options),
  };
}

function powerOver(call: Call): Power {
  return {
    on: () => call('power.on', {}),
    off: () => call('power.off', {}),
    cycle: (options = {}) => call('power.cycle', options),
    state: () => call('power.state', {}),
  };
}

function sticksOver(call: Call, { atOnce }: Pick<Sticks, 'atOnce'>): Sticks {
  /** Those that this client made, to tell them of `clear`. */
  const made = new Set<{ inserted: boolean }>();
  return {
    atOnce,
    filesystems: () => call('sticks.filesystems', {}),
    async create(spec): Promise<Stick> {
      const { id, filesystem, label, uuid, inserted } = await call('sticks.create', spec);
      const known = { inserted };
      made.add(known);
      return {
        id,
        filesystem,
        label,
        uuid,
        get inserted() {
          return known.inserted;
        },
        async insert() {
          known.inserted = (await call('sticks.insert', { stick: id })).inserted;
        },
        async pull() {
          known.inserted = (await call('sticks.pull', { stick: id })).inserted;
        },
        readFile: (path) => call('sticks.readFile', { stick: id, path }),
        list: () => call('sticks.list', { stick: id }),
        async discard() {
          await call('sticks.discard', { stick: id });
          known.inserted = false;
          made.delete(known);
        },
      };
    },
    async clear() {
      await call('sticks.clear', {});
      for (const known of made) known.inserted = false;
      made.clear();
    },
  };
}

function clockOver(call: Call): Clock {
  return {
    address: () => call('clock.address', {}),
    serve: (mode) => call('clock.serve', mode),
    requests: () => call('clock.requests', {}),
    now: () => call('clock.now', {}),
  };
}
