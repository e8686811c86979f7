import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { z } from 'zod';
import { AwaitedTooLong, DeviceError } from '../errors.ts';
import { lines } from './lines.ts';
import {
  benchMessageSchema,
  greetingSchema,
  longestLine,
  methods,
  protocolVersion,
  type BenchMessage,
  type ClientMessage,
  type DeviceDescription,
  type Method,
  type Params,
  type Result,
} from './protocol.ts';
import { fromWire } from './wire-error.ts';

/** The bench isn't there, or went away while something was awaited of it. */
export class BenchLost extends DeviceError {
  override readonly name = 'BenchLost';
}

/** From connect to the bench's welcome, in milliseconds: a local socket and a process that may be busy. */
const welcomeBudget = 10_000;

/** Items that a stream may have under way: enough that the bench never waits for a prompt reader. */
const streamCredit = 16;

/** How a request ended: its result, or the error to throw, made where it is thrown so that its stack tells of the caller. */
type Outcome = { result: unknown } | { error: () => Error };

interface Pending {
  settle(outcome: Outcome): void;
  item(item: unknown): void;
}

/** One client's connection: requests and streams side by side over one socket. */
export class Connection {
  readonly devices: readonly DeviceDescription[];
  readonly #socket: Socket;
  readonly #incoming: AsyncGenerator<string>;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #lost: (() => Error) | undefined;

  private constructor(socket: Socket, incoming: AsyncGenerator<string>, devices: readonly DeviceDescription[]) {
    this.#socket = socket;
    this.#incoming = incoming;
    this.devices = devices;
  }

  static async open(socketPath: string, token: string): Promise<Connection> {
    const socket = connect(socketPath);
    const deadline = setTimeout(() => {
      socket.destroy(
        new AwaitedTooLong(`the bench's welcome on ${socketPath}`, welcomeBudget, 'no answer', {
          blame: 'harness',
          advice: 'Is the bench stopped (Ctrl-Z)?',
        }),
      );
    }, welcomeBudget);
    try {
      await once(socket, 'connect');
      const incoming = lines(socket, () => longestLine);
      socket.write(`${JSON.stringify({ hello: { protocol: protocolVersion, token } })}\n`);
      const first = await incoming.next();
      if (first.done === true) throw new BenchLost('the bench hung up without a word', { blame: 'harness', advice: 'See the run log.' });
      const greeting = greetingSchema.parse(JSON.parse(first.value));
      if ('refused' in greeting) throw fromWire(greeting.refused);
      const connection = new Connection(socket, incoming, greeting.welcome.devices);
      void connection.#receive();
      return connection;
    } catch (cause) {
      socket.destroy();
      if (cause instanceof DeviceError) throw cause;
      throw new BenchLost(`no bench answers on ${socketPath}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        blame: 'harness',
        advice: 'The bench lives as long as its run: start it with `boardwalk run`.',
        cause,
      });
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Rejects with the bench's error, with the signal's reason, or with BenchLost. */
  async call<M extends Method>(device: string, name: M, params: Params<M>, signal?: AbortSignal): Promise<Result<M>> {
    signal?.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const id = this.#request(device, name, params, { settle: resolve, item: () => undefined });
    const cancel = () => this.#cancel(id, signal);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const outcome = await promise;
      if ('error' in outcome) throw outcome.error();
      return methods[name].result.parse(outcome.result);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /**
   * A method that sends items until it ends or the signal aborts (which ends it without an error). The request leaves at once; its
   * items wait, a few at a time, for the reader.
   */
  stream<M extends Method, Item>(
    device: string,
    name: M,
    params: Params<M>,
    itemSchema: z.ZodType<Item>,
    signal: AbortSignal,
  ): AsyncIterable<Item> {
    const arrived: unknown[] = [];
    let outcome: Outcome | undefined;
    let wake: (() => void) | undefined;
    const end = (how: Outcome) => {
      outcome ??= how;
      wake?.();
    };
    const id = this.#request(device, name, params, {
      settle: end,
      item(item) {
        arrived.push(item);
        wake?.();
      },
    });
    this.#write({ id, more: streamCredit });
    const cancel = () => {
      end({ result: undefined });
      this.#cancel(id, undefined);
    };
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    const grant = () => this.#write({ id, more: 1 });

    async function* items(): AsyncGenerator<Item> {
      try {
        for (;;) {
          if (signal.aborted) return;
          if (arrived.length > 0) {
            const item = itemSchema.parse(arrived.shift());
            if (outcome === undefined) grant();
            yield item;
            continue;
          }
          if (outcome !== undefined) {
            if ('error' in outcome) throw outcome.error();
            return;
          }
          const { promise, resolve } = Promise.withResolvers<void>();
          wake = resolve;
          await promise;
        }
      } finally {
        signal.removeEventListener('abort', cancel);
        if (outcome === undefined) cancel();
      }
    }
    return items();
  }

  async close(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = once(this.#socket, 'close');
    this.#lose(
      () => new BenchLost('this side closed the connection', { blame: 'test', advice: 'Await what you start before the fixture ends.' }),
    );
    this.#socket.destroy();
    await closed;
  }

  #request<M extends Method>(device: string, name: M, params: Params<M>, pending: Pending): number {
    const id = ++this.#lastId;
    if (this.#lost !== undefined) {
      pending.settle({ error: this.#lost });
      return id;
    }
    const encoded: unknown = methods[name].params.encode(params);
    this.#pending.set(id, pending);
    const [part = '', method = ''] = name.split('.');
    this.#write({ id, device, part, method, params: encoded });
    return id;
  }

  #cancel(id: number, signal: AbortSignal | undefined): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.#write({ id, cancel: true });
    pending.settle({ error: () => signal?.reason ?? new BenchLost('cancelled', { blame: 'test' }) });
  }

  #write(message: ClientMessage): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  async #receive(): Promise<void> {
    try {
      for await (const line of this.#incoming) this.#take(benchMessageSchema.parse(JSON.parse(line)));
      this.#lose(() => new BenchLost('the bench hung up', { blame: 'harness', advice: 'See the run log for why it ended.' }));
    } catch (cause) {
      this.#lose(
        () =>
          new BenchLost(`the connection to the bench broke: ${cause instanceof Error ? cause.message : String(cause)}`, {
            blame: 'harness',
            cause,
          }),
      );
    } finally {
      this.#socket.destroy();
    }
  }

  #take(message: BenchMessage): void {
    if ('refused' in message) {
      const { refused } = message;
      this.#lose(() => fromWire(refused));
      return;
    }
    const pending = this.#pending.get(message.id);
    // Cancelled meanwhile.
    if (pending === undefined) return;
    if ('item' in message) {
      pending.item(message.item);
      return;
    }
    this.#pending.delete(message.id);
    if ('error' in message) {
      const { error } = message;
      pending.settle({ error: () => fromWire(error) });
    } else {
      pending.settle({ result: message.result });
    }
  }

  #lose(error: () => Error): void {
    this.#lost ??= error;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const each of pending) each.settle({ error: this.#lost });
  }
}
