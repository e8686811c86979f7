import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';
import { z } from 'zod';

import { BudgetExceeded } from '../errors.ts';
import type { QmpClient } from './client.ts';
import { queryStatus, resume, unplugDevice } from './commands.ts';
import { openQmp } from './connection.ts';
import { QmpClosed, QmpError } from './errors.ts';

const command = z.object({ execute: z.string(), id: z.int(), arguments: z.record(z.string(), z.unknown()).optional() });
const greeting = { QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 }, package: 'double' }, capabilities: ['oob'] } };
const timestamp = { seconds: 1_795_000_000, microseconds: 250_000 };

/** QEMU's side of a monitor on a unix socket, as a test plays it. */
class Monitor implements AsyncDisposable {
  readonly #directory: string;
  readonly #peer: Socket;
  readonly #client: Socket;
  readonly #close: () => void;
  #unread = '';

  constructor(directory: string, peer: Socket, client: Socket, close: () => void) {
    this.#directory = directory;
    this.#peer = peer;
    this.#client = client;
    this.#close = close;
    peer.setEncoding('utf8');
    peer.on('data', (chunk: string) => {
      this.#unread += chunk;
    });
  }

  get client(): Socket {
    return this.#client;
  }

  /** The next command that the client sent. */
  async receives(): Promise<z.infer<typeof command>> {
    while (!this.#unread.includes('\n')) await once(this.#peer, 'data');
    const end = this.#unread.indexOf('\n');
    const line = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end + 1);
    return command.parse(JSON.parse(line));
  }

  send(...messages: object[]): void {
    this.sendText(messages.map((message) => `${JSON.stringify(message)}\r\n`).join(''));
  }

  sendText(text: string): void {
    this.sendBytes(Buffer.from(text));
  }

  sendBytes(bytes: Buffer): void {
    this.#peer.write(bytes);
  }

  hangUp(): void {
    this.#peer.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
    this.#peer.destroy();
    this.#close();
    await rm(this.#directory, { recursive: true });
  }
}

async function makeMonitor(): Promise<Monitor> {
  const directory = await mkdtemp(join(tmpdir(), 'qmp-test-'));
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen(join(directory, 'qmp'));
  await listening;
  const { promise: accepted, resolve } = Promise.withResolvers<Socket>();
  server.once('connection', resolve);
  const client = connect(join(directory, 'qmp'));
  return new Monitor(directory, await accepted, client, () => server.close());
}

async function openOn(monitor: Monitor): Promise<QmpClient> {
  const opening = openQmp(monitor.client);
  monitor.send(greeting);
  monitor.send({ return: {}, id: (await monitor.receives()).id });
  return opening;
}

test('greets, leaves negotiation, and returns typed replies', async (t) => {
  await using monitor = await makeMonitor();
  const opening = openQmp(monitor.client);
  monitor.send(greeting);
  const negotiation = await monitor.receives();
  t.is(negotiation.execute, 'qmp_capabilities');
  monitor.send({ return: {}, id: negotiation.id });
  const qmp = await opening;
  const asked = qmp.execute(queryStatus());
  const { execute, id } = await monitor.receives();
  t.is(execute, 'query-status');
  monitor.send({ return: { status: 'running', singlestep: false, running: true }, id });
  t.deepEqual(await asked, { status: 'running', running: true });
});

test('reads lines that arrive in pieces, in heaps, and cut within a letter', async (t) => {
  await using monitor = await makeMonitor();
  const qmp = await openOn(monitor);
  const [first, second] = [qmp.execute(queryStatus()), qmp.execute(queryStatus())];
  const ids = [(await monitor.receives()).id, (await monitor.receives()).id];
  const text = ids.map((id) => `${JSON.stringify({ return: { status: 'größe', running: true }, id })}\r\n`).join('');
  const bytes = Buffer.from(text);
  const cut = bytes.indexOf(Buffer.from('ö')) + 1;
  monitor.client.once('data', () => monitor.sendBytes(bytes.subarray(cut)));
  monitor.sendBytes(bytes.subarray(0, cut));
  t.deepEqual(await Promise.all([first, second]), [
    { status: 'größe', running: true },
    { status: 'größe', running: true },
  ]);
});

test('events between a command and its reply reach who waits, in order, from the moment of asking', async (t) => {
  await using monitor = await makeMonitor();
  const qmp = await openOn(monitor);
  const stream = qmp.events();
  const stopped = qmp.waitFor('STOP');
  const asked = qmp.execute(resume());
  const { id } = await monitor.receives();
  monitor.send(
    { event: 'RESUME', timestamp },
    { event: 'NIC_RX_FILTER_CHANGED', data: { path: '/x' }, timestamp },
    { event: 'RESET', data: { guest: true, reason: 'guest-reset' }, timestamp },
    { return: {}, id },
    { event: 'STOP', timestamp },
  );
  t.deepEqual(await asked, {});
  t.deepEqual(await stopped, { name: 'STOP', at: 1_795_000_000_250, data: {} });
  monitor.hangUp();
  const seen = [];
  for await (const event of stream) seen.push(event.name);
  t.deepEqual(seen, ['RESUME', 'RESET', 'STOP']);
});

test('waits for the event that fits, and says what came instead', async (t) => {
  await using monitor = await makeMonitor();
  const qmp = await openOn(monitor);
  const deleted = qmp.waitFor('DEVICE_DELETED', { where: (event) => event.data.device === 'stick-2' });
  monitor.send(
    { event: 'DEVICE_DELETED', data: { device: 'stick-1', path: '/1' }, timestamp },
    { event: 'DEVICE_DELETED', data: { device: 'stick-2', path: '/2' }, timestamp },
  );
  t.is((await deleted).data.path, '/2');

  const waiting = qmp.waitFor('SHUTDOWN', { timeout: 100 });
  monitor.send({ event: 'POWERDOWN', timestamp });
  const error = await t.throwsAsync(waiting, { instanceOf: BudgetExceeded });
  t.is(error.message, 'awaited the event SHUTDOWN for 0.1 s; seen instead: POWERDOWN');

  const stop = new AbortController();
  const aborted = qmp.waitFor('SHUTDOWN', { signal: stop.signal });
  stop.abort(new Error('enough'));
  await t.throwsAsync(aborted, { message: 'enough' });
});

test("a refusal carries QEMU's class, its words and the command; the next command works", async (t) => {
  await using monitor = await makeMonitor();
  const qmp = await openOn(monitor);
  const asked = qmp.execute(unplugDevice('stick-9'));
  const received = await monitor.receives();
  t.deepEqual(received.arguments, { id: 'stick-9' });
  monitor.send({ id: received.id, error: { class: 'DeviceNotFound', desc: "Device 'stick-9' not found" } });
  const error = await t.throwsAsync(asked, { instanceOf: QmpError });
  t.like(error, { class: 'DeviceNotFound', desc: "Device 'stick-9' not found", command: 'device_del' });

  const next = qmp.execute(resume());
  monitor.send({ return: {}, id: (await monitor.receives()).id });
  t.deepEqual(await next, {});
});

test('replies in another order find their commands', async (t) => {
  await using monitor = await makeMonitor();
  const qmp = await openOn(monitor);
  const [status, resumed] = [qmp.execute(queryStatus()), qmp.execute(resume())];
  const [first, second] = [await monitor.receives(), await monitor.receives()];
  monitor.send({ return: {}, id: second.id }, { return: { status: 'paused', running: false }, id: first.id });
  t.deepEqual(await resumed, {});
  t.is((await status).status, 'paused');
});

test('a monitor that hangs up mid-command ends all that waits, and what is asked later', async (t) => {
  await using monitor = await makeMonitor();
  const qmp = await openOn(monitor);
  const pending = [qmp.execute(queryStatus()), qmp.waitFor('SHUTDOWN')];
  await monitor.receives();
  monitor.sendText('{"return": {"status"');
  monitor.hangUp();
  for (const each of pending) await t.throwsAsync(each, { instanceOf: QmpClosed });
  await qmp.closed;
  await t.throwsAsync(qmp.execute(queryStatus()), { instanceOf: QmpClosed });
  await t.throwsAsync(qmp.waitFor('STOP'), { instanceOf: QmpClosed });
  await qmp.close();
});

test('a command without a reply spends its budget, and its late reply harms nobody', async (t) => {
  await using monitor = await makeMonitor();
  const qmp = await openOn(monitor);
  const error = await t.throwsAsync(qmp.execute(queryStatus(), { timeout: 50 }), { instanceOf: BudgetExceeded });
  t.regex(error.message, /^awaited the reply to query-status for 0\.1 s/);
  const late = await monitor.receives();
  const next = qmp.execute(resume());
  monitor.send({ return: { status: 'running', running: true }, id: late.id }, { return: {}, id: (await monitor.receives()).id });
  t.deepEqual(await next, {});
});

test('a reply of another shape than expected is an error of that command alone', async (t) => {
  await using monitor = await makeMonitor();
  const qmp = await openOn(monitor);
  const asked = qmp.execute(queryStatus());
  monitor.send({ return: { status: 7 }, id: (await monitor.receives()).id });
  await t.throwsAsync(asked, { instanceOf: QmpError, message: /query-status.*unexpected/ });
});

test('what greets wrongly, or not at all, is no monitor', async (t) => {
  await using wrong = await makeMonitor();
  const opening = openQmp(wrong.client);
  wrong.sendText('220 mail.example.org ESMTP\r\n');
  await t.throwsAsync(opening, { instanceOf: QmpClosed, message: /expected a QMP message, found "220 mail.example.org ESMTP\\r"/ });

  await using silent = await makeMonitor();
  const error = await t.throwsAsync(openQmp(silent.client, { timeout: 50 }), { instanceOf: BudgetExceeded });
  t.regex(error.message, /awaited QMP's greeting/);
  t.true(silent.client.destroyed);
});
