import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { SourceUnopened } from './errors.ts';
import { openFakeConsole } from './fake.ts';
import { tcpSource, unixSource } from './socket.ts';
import type { ConsoleSource } from './source.ts';

type Teardown = { teardown(step: () => Promise<void>): void };

async function served(t: Teardown, listen: (server: Server) => void): Promise<{ server: Server; client: Promise<Socket> }> {
  const server = createServer();
  const client = once(server, 'connection').then(([socket]: Socket[]) => socket ?? Promise.reject(new TypeError('no socket')));
  // A test whose client never comes doesn't wait for it.
  client.catch(() => undefined);
  listen(server);
  await once(server, 'listening');
  t.teardown(async () => void server.close());
  return { server, client };
}

async function passes(
  t: Teardown & { is(a: unknown, b: unknown): void; regex(a: string, b: RegExp): void },
  source: ConsoleSource,
  client: Promise<Socket>,
) {
  const { console, release } = await openFakeConsole();
  const { closed } = await console.attach(source);
  const device = await client;
  device.write('from the device\n');
  await console.expect('from the device', { from: 0, timeout: 20_000 });
  const heard = once(device, 'data');
  await console.write('to the device');
  t.is(String((await heard)[0]), 'to the device');
  device.destroy();
  const { reason, detail } = await closed;
  t.is(reason, 'vanished');
  t.regex(detail, /went away: the server closed the connection/);
  await release();
}

test('a TCP port passes bytes both ways, and its end is told', async (t) => {
  const { server, client } = await served(t, (each) => each.listen(0, '127.0.0.1'));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  await passes(t, tcpSource({ host: '127.0.0.1', port: address.port }), client);
});

test('so does a unix socket', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'socket-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const path = join(directory, 'console');
  const { client } = await served(t, (each) => each.listen(path));
  await passes(t, unixSource(path), client);
});

test('nobody there is said, with the address', async (t) => {
  const { console, release } = await openFakeConsole();
  await t.throwsAsync(console.attach(unixSource('/nowhere/console')), {
    instanceOf: SourceUnopened,
    message: /\/nowhere\/console .*ENOENT/,
  });
  await release();
});
