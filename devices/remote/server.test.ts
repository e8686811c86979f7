import { once } from 'node:events';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import test from 'ava';
import type { Console, ConsoleChunk } from '../console/console.ts';
import { fakeBench, fakeParts } from './fake-bench.ts';
import { lines } from './lines.ts';
import { serveParts, SocketUnavailable } from './server.ts';

/** A client that says what it likes. */
async function rawClient(socketPath: string) {
  const socket: Socket = connectSocket(socketPath);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const incoming = lines(socket, () => 1e9);
  return {
    socket,
    say: (message: unknown) => socket.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`),
    /** The next message; undefined at the end. */
    async hear(): Promise<unknown> {
      const { value, done } = await incoming.next();
      return done === true ? undefined : JSON.parse(value);
    },
  };
}

const hello = (token: string) => ({ hello: { protocol: 1, token } });
const request = (id: number, part: string, method: string, params: unknown = {}) => ({ id, device: 'fake-1', part, method, params });

test('only the owner may open the socket', async (t) => {
  const { socketPath, release } = await fakeBench();
  t.teardown(release);
  t.is((await stat(socketPath)).mode & 0o777, 0o600);
});

test('who doesn’t greet by the protocol is refused in words, and hung up on', async (t) => {
  const { socketPath, token, release } = await fakeBench();
  t.teardown(release);
  const openings = ['GET / HTTP/1.1', hello('guessed'), { hello: { protocol: 2, token } }, request(1, 'power', 'off'), 'x'.repeat(5000)];
  for (const opening of openings) {
    const client = await rawClient(socketPath);
    client.say(opening);
    t.like(await client.hear(), { refused: { blame: 'harness' } });
    t.is(await client.hear(), undefined);
  }
});

test('a malformed line after the greeting is answered, and ends that client alone', async (t) => {
  const { socketPath, token, remote, release } = await fakeBench();
  t.teardown(release);
  for (const line of ['{"id":', '{"id":-1}', '[]', '{"id":1,"device":"fake-1","part":"power","method":"on"}']) {
    const client = await rawClient(socketPath);
    client.say(hello(token));
    await client.hear();
    client.say(line);
    t.like(await client.hear(), { refused: { name: 'ProtocolViolated' } }, line);
    t.is(await client.hear(), undefined);
  }
  t.is(await remote.power.state(), 'off');
});

test('a request that can’t be met is an error, and the next one is', async (t) => {
  const { socketPath, token, release } = await fakeBench();
  t.teardown(release);
  const client = await rawClient(socketPath);
  client.say(hello(token));
  await client.hear();
  const unmet = [
    { ...request(1, 'power', 'on'), device: 'fake-9' },
    request(2, 'power', 'explode'),
    request(3, 'toString', 'call'),
    request(4, 'console', 'expect', { timeout: 'long', pattern: 'x' }),
    request(5, 'console', 'expect', { timeout: 5, pattern: { source: '(', flags: '' } }),
    request(6, 'sticks', 'insert', { stick: 'none of that id' }),
  ];
  for (const each of unmet) {
    client.say(each);
    t.like(await client.hear(), { id: each.id, error: { evidence: [] } });
  }
  client.say(request(7, 'power', 'state'));
  t.deepEqual(await client.hear(), { id: 7, result: 'off' });
  client.socket.destroy();
});

/** Serves a device whose console is replaced, and greets it. */
async function served(t: { teardown(step: () => Promise<void>): void }, replaced: Partial<Console>) {
  const { parts, release } = await fakeParts('fake-1');
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  const socketPath = join(directory, 'bench.sock');
  const original = parts.console;
  const console: Console = {
    mark: () => original.mark(),
    expect: (...all) => original.expect(...all),
    read: (range) => original.read(range),
    write: (data) => original.write(data),
    follow: (options) => original.follow(options),
    faults: (options) => original.faults(options),
    announceReset: () => original.announceReset(),
    boots: (options) => original.boots(options),
    ...replaced,
  };
  const server = await serveParts(new Map([['fake-1', { ...parts, console }]]), socketPath, 'token');
  t.teardown(async () => {
    await server.close();
    await release();
    await rm(directory, { recursive: true });
  });
  const client = await rawClient(socketPath);
  client.say(hello('token'));
  await client.hear();
  return client;
}

/** An expect that never ends by itself, and tells of its beginning and of its abort. */
function endlessExpect() {
  const began = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const expect: Console['expect'] = (_pattern, { signal }) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        aborted.resolve();
        reject(new Error('aborted'));
      });
      began.resolve();
    });
  return { expect, began: began.promise, aborted: aborted.promise };
}

test('a client that dies takes its waits with it', async (t) => {
  const { expect, began, aborted } = endlessExpect();
  const client = await served(t, { expect });
  client.say(request(1, 'console', 'expect', { pattern: 'x', timeout: 1e6 }));
  await began;
  client.socket.destroy();
  await t.notThrowsAsync(aborted);
});

test('a client that cancels is waited for no longer', async (t) => {
  const { expect, began, aborted } = endlessExpect();
  const client = await served(t, { expect });
  client.say(request(1, 'console', 'expect', { pattern: 'x', timeout: 1e6 }));
  await began;
  client.say({ id: 1, cancel: true });
  await aborted;
  t.like(await client.hear(), { id: 1, error: { message: 'aborted' } });
});

test('a stream waits for its reader', async (t) => {
  let pulled = 0;
  const ended = Promise.withResolvers<void>();
  async function* follow(): AsyncGenerator<ConsoleChunk> {
    try {
      for (;;) {
        pulled += 1;
        yield { offset: pulled, at: 0, bytes: Uint8Array.of(pulled) };
      }
    } finally {
      ended.resolve();
    }
  }
  const client = await served(t, { follow });
  client.say(request(1, 'console', 'follow'));
  client.say({ id: 1, more: 3 });
  for (const offset of [1, 2, 3]) t.like(await client.hear(), { id: 1, item: { offset } });
  // Every turn is taken in its order: had the stream more to send, it would be before this answer.
  client.say(request(2, 'console', 'mark'));
  t.deepEqual(await client.hear(), { id: 2, result: 0 });
  t.is(pulled, 4);
  client.say({ id: 1, more: 1 });
  t.like(await client.hear(), { id: 1, item: { offset: 4 } });
  client.socket.destroy();
  await ended.promise;
});

test('a socket that a killed bench left is replaced, one that is served is not', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const socketPath = join(directory, 'bench.sock');
  const listenAndDie = `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await execa(process.execPath, ['-e', listenAndDie], { reject: false });
  t.true((await stat(socketPath)).isSocket());

  const server = await serveParts(new Map(), socketPath, 'token');
  await t.throwsAsync(serveParts(new Map(), socketPath, 'token'), { instanceOf: SocketUnavailable, message: /EADDRINUSE/ });
  await server.close();
  await t.throwsAsync(stat(socketPath), { code: 'ENOENT' });
});

test('a file that is no socket is left alone, a path too long is refused', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = join(directory, 'bench.sock');
  await writeFile(file, 'precious');
  await chmod(file, 0o600);
  await t.throwsAsync(serveParts(new Map(), file, 'token'), { instanceOf: SocketUnavailable });
  t.is((await stat(file)).size, 8);
  await t.throwsAsync(serveParts(new Map(), join(directory, 'x'.repeat(100)), 'token'), {
    instanceOf: SocketUnavailable,
    message: /107 bytes/,
  });
});
