import type { Socket } from 'node:net';
import { z } from 'zod';
import { DeviceError } from '../errors.ts';
import { calls, NoSuchPart, type CallContext, type ServedDevice } from './calls.ts';
import { lines } from './lines.ts';
import {
  clientMessageSchema,
  consoleChunkSchema,
  helloSchema,
  isMethod,
  longestLine,
  methods,
  protocolVersion,
  type BenchMessage,
  type DeviceDescription,
  type Greeting,
  type Method,
} from './protocol.ts';
import { toWire } from './wire-error.ts';

export interface SessionOptions {
  devices: ReadonlyMap<string, ServedDevice>;
  accepts: (token: string) => boolean;
}

/** What a client sent isn't the protocol. */
export class ProtocolViolated extends DeviceError {
  override readonly name = 'ProtocolViolated';
}

/** Who isn't let in yet gets no more than this: bytes for the first line, milliseconds to send it. */
const strangerLimits = { bytes: 4096, milliseconds: 10_000 };

/** A request that is being answered. */
interface Pending {
  abort: AbortController;
  /** Items that the client is still ready to take. */
  credit: number;
  /** Wakes the stream that waits for credit. */
  wake: () => void;
}

/** Serves one client until it hangs up; never rejects. Whatever it waits for then is cancelled. */
export async function serveClient(socket: Socket, options: SessionOptions): Promise<void> {
  // Writing to a client that is gone fails on the socket; its 'close', which ends the loop below, tells it all.
  socket.on('error', () => socket.destroy());
  const session = new Session(socket, options.devices);
  let admitted = false;
  const stranger = setTimeout(() => socket.destroy(), strangerLimits.milliseconds);
  try {
    // The socket outlives the loop: who is refused is told why.
    const incoming = socket.iterator({ destroyOnReturn: false });
    for await (const line of lines(incoming, () => (admitted ? longestLine : strangerLimits.bytes))) {
      if (admitted) {
        session.take(parse(line, clientMessageSchema));
        continue;
      }
      const { hello } = parse(line, helloSchema);
      admit(hello, options);
      clearTimeout(stranger);
      admitted = true;
      session.write({ welcome: { devices: [...options.devices.values()].map(describe) } });
    }
  } catch (error) {
    // A socket that broke has no reader left; everything else is worth a last word.
    if (!socket.destroyed) session.write({ refused: toWire(error) });
  } finally {
    clearTimeout(stranger);
    session.end();
    socket.end();
    socket.destroySoon();
  }
}

function admit(hello: { protocol: number; token: string }, { accepts }: SessionOptions): void {
  if (hello.protocol !== protocolVersion) {
    throw new ProtocolViolated(`this bench speaks protocol ${protocolVersion}, the client ${hello.protocol}`, {
      blame: 'harness',
      advice: 'Run the suites with the boardwalk that runs the bench.',
    });
  }
  if (!accepts(hello.token)) {
    throw new ProtocolViolated('the token is not the one of this bench', {
      blame: 'harness',
      advice: 'BOARDWALK_TOKEN and BOARDWALK_BENCH come from one run; take both from it.',
    });
  }
}

function parse<T>(line: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(line));
  } catch (cause) {
    throw new ProtocolViolated(`not a message of this protocol: ${line.slice(0, 120)}`, {
      blame: 'harness',
      advice: 'One JSON object a line, as devices/remote/protocol.ts says.',
      cause,
    });
  }
}

function describe({ parts }: ServedDevice): DeviceDescription {
  const { id, type } = parts;
  const { atOnce } = parts.sticks ?? {};
  return { id, type, ...(atOnce !== undefined && { sticks: { atOnce } }), clock: parts.clock !== undefined };
}

class Session {
  readonly #socket: Socket;
  readonly #devices: ReadonlyMap<string, ServedDevice>;
  readonly #pending = new Map<number, Pending>();
  readonly #left = new AbortController();

  constructor(socket: Socket, devices: ReadonlyMap<string, ServedDevice>) {
    this.#socket = socket;
    this.#devices = devices;
  }

  write(message: BenchMessage | Greeting): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  end(): void {
    this.#left.abort(new Error('the client hung up'));
    for (const { abort, wake } of this.#pending.values()) {
      abort.abort(new Error('the client hung up'));
      wake();
    }
  }

  take(message: z.infer<typeof clientMessageSchema>): void {
    if ('params' in message) {
      // Not awaited: requests run side by side, each tells of its own end.
      void this.#answer(message.id, message.device, `${message.part}.${message.method}`, message.params);
      return;
    }
    // What comes for a request that has ended was under way when it ended.
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if ('more' in message) pending.credit += message.more;
    else pending.abort.abort(new Error('the client cancelled it'));
    pending.wake();
  }

  async #answer(id: number, deviceId: string, name: string, params: unknown): Promise<void> {
    const pending: Pending = { abort: new AbortController(), credit: 0, wake: () => undefined };
    this.#pending.set(id, pending);
    try {
      const device = this.#devices.get(deviceId);
      if (device === undefined) {
        throw new NoSuchPart(`this bench has no device ${deviceId}`, {
          blame: 'harness',
          advice: `It has: ${[...this.#devices.keys()].join(' ')}`,
        });
      }
      if (!isMethod(name))
        throw new ProtocolViolated(`this bench has no ${name}`, { blame: 'harness', advice: 'Both sides must be of one version.' });
      const result = await perform(name, device, params, {
        signal: pending.abort.signal,
        left: this.#left.signal,
        send: (chunk) => this.#send(id, pending, z.encode(consoleChunkSchema, chunk)),
      });
      this.write({ id, result });
    } catch (error) {
      this.write({ id, error: toWire(error) });
    } finally {
      this.#pending.delete(id);
    }
  }

  async #send(id: number, pending: Pending, item: unknown): Promise<void> {
    while (pending.credit === 0 && !pending.abort.signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      pending.wake = resolve;
      await promise;
    }
    pending.abort.signal.throwIfAborted();
    pending.credit -= 1;
    this.write({ id, item });
  }
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- M ties a method's schemas to its call
async function perform<M extends Method>(name: M, device: ServedDevice, params: unknown, context: CallContext): Promise<unknown> {
  const schemas = methods[name];
  const result = await calls[name](device, schemas.params.parse(params), context);
  return schemas.result.encode(result);
}
