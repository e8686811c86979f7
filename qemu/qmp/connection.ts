import { once } from 'node:events';
import type { Socket } from 'node:net';

import { budgets } from '../budgets.ts';
import { within } from '../within.ts';
import type { QmpClient, QmpRequest, WaitOptions } from './client.ts';
import { EventStream } from './event-stream.ts';
import { QmpClosed, QmpError } from './errors.ts';
import { isNamed, readEvent, type QmpEvent, type QmpEventName } from './events.ts';
import { readMessage, type QmpMessage } from './messages.ts';
import { negotiate } from './commands.ts';

interface Pending {
  command: string;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * Speaks QMP over a connected unix socket: awaits the greeting, leaves negotiation mode, and is then ready for commands.
 * Throws BudgetExceeded if no greeting comes, QmpClosed if something else does; the socket is then destroyed.
 */
export async function openQmp(socket: Socket, options: WaitOptions = {}): Promise<QmpClient> {
  const connection = new QmpConnection(socket);
  try {
    await within(connection.greeted, {
      awaited: "QMP's greeting",
      milliseconds: options.timeout ?? budgets.qmpGreeting,
      seen: () => 'an open connection without a word on it',
      advice: 'Check that the socket is a QEMU monitor in control mode.',
      signal: options.signal,
    });
    await connection.execute(negotiate(), options);
    return connection;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

class QmpConnection implements QmpClient {
  readonly greeted: Promise<void>;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #streams = new Set<EventStream>();
  readonly #greeting = Promise.withResolvers<void>();
  #lastId = 0;
  #line = '';
  #fault: QmpClosed | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.greeted = this.#greeting.promise;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#read(chunk));
    socket.on('error', (cause) => this.#fail(new QmpClosed(`the connection to QEMU's monitor broke: ${cause.message}`, { advice, cause })));
    socket.on('close', () => {
      this.#fail(new QmpClosed("the connection to QEMU's monitor ended", { advice }));
      resolve();
    });
  }

  async execute<Reply>(request: QmpRequest<Reply>, options: WaitOptions = {}): Promise<Reply> {
    options.signal?.throwIfAborted();
    if (this.#fault !== undefined) throw this.#fault;
    const id = (this.#lastId += 1);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(id, { command: request.command, resolve, reject });
    this.#socket.write(`${JSON.stringify({ execute: request.command, arguments: request.arguments, id })}\n`);
    try {
      const reply = await within(promise, {
        awaited: `the reply to ${request.command}`,
        milliseconds: options.timeout ?? budgets.qmpCommand,
        seen: () => 'an open connection without it',
        advice: "QEMU's main loop may be blocked by slow storage or a loaded host; look at the host's load.",
        signal: options.signal,
      });
      return readReply(request, reply);
    } finally {
      this.#pending.delete(id);
    }
  }

  async waitFor<Name extends QmpEventName>(
    name: Name,
    options: WaitOptions & { where?: (event: QmpEvent<Name>) => boolean } = {},
  ): Promise<QmpEvent<Name>> {
    const stream = this.#subscribe();
    const seen: string[] = [];
    const awaited = async () => {
      for await (const event of stream) {
        if (isNamed(event, name) && (options.where?.(event) ?? true)) return event;
        seen.push(event.name);
      }
      throw this.#fault ?? new QmpClosed(`no ${name} came before the wait for it ended`, { advice });
    };
    try {
      return await within(awaited(), {
        awaited: `the event ${name}`,
        milliseconds: options.timeout ?? budgets.qmpCommand,
        seen: () => (seen.length === 0 ? 'no event' : seen.join(', ')),
        advice: 'The guest may not have reacted; look at its console.',
        signal: options.signal,
      });
    } finally {
      stream.end();
    }
  }

  events(options: { signal?: AbortSignal } = {}): AsyncIterable<QmpEvent> {
    const stream = this.#subscribe();
    if (options.signal?.aborted === true) stream.end();
    options.signal?.addEventListener('abort', () => stream.end(), { once: true });
    return stream;
  }

  async close(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #subscribe(): EventStream {
    const stream = new EventStream(() => this.#streams.delete(stream));
    if (this.#fault === undefined) this.#streams.add(stream);
    else stream.end();
    return stream;
  }

  #read(chunk: string): void {
    const lines = (this.#line + chunk).split('\n');
    this.#line = lines.pop() ?? '';
    try {
      for (const line of lines) if (line.trim() !== '') this.#handle(readMessage(line));
    } catch (error) {
      this.#fail(error instanceof QmpClosed ? error : new QmpClosed('QEMU sent what QMP does not know', { advice, cause: error }));
      this.#socket.destroy();
    }
  }

  #handle(message: QmpMessage): void {
    switch (message.kind) {
      case 'greeting':
        this.#greeting.resolve();
        return;
      case 'success':
        this.#pending.get(message.id)?.resolve(message.return);
        return;
      case 'failure':
        this.#refuse(message.id, message.error);
        return;
      case 'event': {
        const event = readEvent(message.event, message.data, message.timestamp.seconds * 1000 + message.timestamp.microseconds / 1000);
        if (event !== undefined) for (const stream of this.#streams) stream.push(event);
      }
    }
  }

  #refuse(id: number | undefined, error: { class: string; desc: string }): void {
    const pending = id === undefined ? undefined : this.#pending.get(id);
    // Without an id QEMU could not read the command at all, and doesn't say which one it was.
    if (id === undefined)
      this.#fail(new QmpClosed(`QEMU could not read a command: ${error.desc}`, { advice, evidence: [JSON.stringify(error)] }));
    else pending?.reject(new QmpError(pending.command, error));
  }

  /** The first fault ends everything that waits; later ones follow from it. */
  #fail(fault: QmpClosed): void {
    if (this.#fault !== undefined) return;
    this.#fault = fault;
    this.#greeting.promise.catch(alreadyTold);
    this.#greeting.reject(fault);
    for (const pending of this.#pending.values()) pending.reject(fault);
    for (const stream of this.#streams) stream.end();
  }
}

function readReply<Reply>(request: QmpRequest<Reply>, reply: unknown): Reply {
  const parsed = request.reply.safeParse(reply);
  if (parsed.success) return parsed.data;
  const desc = `the reply has an unexpected shape: ${JSON.stringify(reply)}`;
  throw new QmpError(request.command, { class: 'UnexpectedReply', desc }, parsed.error);
}

const advice = "See QEMU's own output for why it ended.";

/** A fault after the greeting has nobody to tell through `greeted`. */
function alreadyTold(): void {}
