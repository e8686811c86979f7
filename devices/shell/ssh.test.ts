import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { AwaitedTooLong } from '../errors.ts';
import { ConnectionLost, HostKeyChanged } from './errors.ts';
import { HostKeysInMemory } from './host-keys.ts';
import { shellContract } from './shell.contract.ts';
import { SshShell, type SshShellOptions } from './ssh.ts';
import { newHostKey, startSshServer, type TestSshServer } from './ssh-server.ts';

function shellOf(server: { port: number }, options: Partial<SshShellOptions> = {}): SshShell {
  return new SshShell({ endpoint: async () => ({ host: '127.0.0.1', port: server.port }), hostKeys: new HostKeysInMemory(), ...options });
}

async function withServer(body: (server: TestSshServer, shell: SshShell) => Promise<void>, options: Partial<SshShellOptions> = {}) {
  const server = await startSshServer();
  const shell = shellOf(server, options);
  try {
    await body(server, shell);
  } finally {
    await shell.close();
    await server.close();
  }
}

shellContract(test, 'SSH', async () => {
  const server = await startSshServer();
  const shell = shellOf(server);
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-ssh-'));
  const release = async () => {
    await shell.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { shell, directory, release };
});

test('one connection serves many commands', (t) =>
  withServer(async (server, shell) => {
    for (let count = 0; count < 30; count += 1) await shell.run('true');
    await Promise.all(Array.from({ length: 30 }, () => shell.run('true')));
    t.is(server.logins, 1);
  }));

test('a session that the server has no room for is asked for again', async (t) => {
  const server = await startSshServer({ maxSessions: 2 });
  const shell = shellOf(server);
  const results = await Promise.all(Array.from({ length: 12 }, (_, index) => shell.check(`sleep 0.05; echo ${index}`)));
  t.deepEqual(
    results,
    Array.from({ length: 12 }, (_, index) => String(index)),
  );
  t.is(server.started.length, 12);
  await shell.close();
  await server.close();
});

test('a signal that ends the login shell itself is told by the server, and gives 128 and its number too', (t) =>
  withServer(async (_server, shell) => {
    t.is((await shell.run("exec sh -c 'kill -KILL $$'")).exitCode, 137);
  }));

test('a connection that dies under a command is an error, and the next command reconnects', (t) =>
  withServer(async (server, shell) => {
    const directory = await mkdtemp(join(tmpdir(), 'boardwalk-ssh-'));
    const running = shell.run(`echo begun; : >${directory}/begun; sleep 600`);
    const lost = t.throwsAsync(running, { instanceOf: ConnectionLost });
    await shell.check(`until [ -e ${directory}/begun ]; do sleep 0.01; done`);
    server.cut();
    const error = await lost;
    t.regex(error?.evidence[0]?.text ?? '', /begun/);
    t.is(await shell.check('echo back'), 'back');
    t.is(server.logins, 2);
    await rm(directory, { recursive: true });
  }));

/** A port in front of another, in the way of QEMU's user network: as long as nobody is up behind it, it takes connections and leaves them at that. */
async function userNetwork(behind: (socket: Socket) => void) {
  const taken: Socket[] = [];
  let up = false;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    taken.push(socket);
    if (up) behind(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    endpoint: async () => ({ host: '127.0.0.1', port }),
    taken,
    server,
    comesUp: () => void (up = true),
    async close() {
      for (const socket of taken) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('a device that comes up is knocked at once before and once after', (t) =>
  withServer(async (server) => {
    const front = await userNetwork((socket) => {
      const inner = connect(server.port, '127.0.0.1').on('error', () => undefined);
      socket.pipe(inner).pipe(socket);
    });
    const door = await userNetwork((socket) => socket.destroy());
    const shell = new SshShell({ endpoint: front.endpoint, idleDoor: door.endpoint, hostKeys: new HostKeysInMemory() });
    try {
      const answer = shell.check('echo up');
      while (door.taken.length < 3) await once(door.server, 'connection');
      t.is(front.taken.length, 1);
      front.comesUp();
      door.comesUp();
      t.is(await answer, 'up');
      t.is(front.taken.length, 2);
      t.is(server.logins, 1);
    } finally {
      await shell.close();
      await front.close();
      await door.close();
    }
  }));

test('after a reboot the port may be another one', async (t) => {
  const hostKey = newHostKey();
  let server = await startSshServer({ hostKey });
  const shell = new SshShell({ endpoint: async () => ({ host: '127.0.0.1', port: server.port }), hostKeys: new HostKeysInMemory() });
  await shell.run('true');
  await server.close();
  server = await startSshServer({ hostKey });
  t.is(await shell.check('echo back'), 'back');
  await shell.close();
  await server.close();
});

test('another host key is an error until the device was flashed', async (t) => {
  const hostKeys = new HostKeysInMemory();
  const first = await startSshServer();
  const second = await startSshServer();
  let port = first.port;
  const shell = new SshShell({ endpoint: async () => ({ host: '127.0.0.1', port }), hostKeys });
  await shell.run('true');
  port = second.port;
  first.cut();
  await first.close();
  const error = await t.throwsAsync(shell.run('true'), { instanceOf: HostKeyChanged });
  t.regex(error?.message ?? '', /SHA256:\S+ was pinned, SHA256:\S+ is shown/);
  t.deepEqual(second.started, []);
  hostKeys.flashed();
  t.is(await shell.check('echo new'), 'new');
  await shell.close();
  await second.close();
});

test('a private key is used where nobody gets in without one', async (t) => {
  const server = await startSshServer({ accepts: (method) => method === 'publickey' });
  t.teardown(() => server.close());
  const stranger = shellOf(server);
  t.teardown(() => stranger.close());
  const error = await t.throwsAsync(stranger.run('true', { timeout: 5000 }), { instanceOf: AwaitedTooLong });
  t.regex(error?.message ?? '', /login as root was refused/);
  const known = shellOf(server, { privateKey: newHostKey() });
  t.teardown(() => known.close());
  t.is(await known.check('echo in'), 'in');
});

/** A TCP server of which no SSH is to be had. */
async function listener(onConnection: (socket: Socket) => void): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port: typeof address === 'object' && address !== null ? address.port : 0, close };
}

test('ready says what it met instead: nobody, a silent port, a port that hangs up, something else than SSH', async (t) => {
  const cases: [seen: RegExp, onConnection: ((socket: Socket) => void) | undefined][] = [
    [/connection refused.* at 127\.0\.0\.1:\d+/, undefined],
    [/accepted, no SSH banner yet at/, () => undefined],
    [/closed before any SSH banner/, (socket) => socket.end()],
    [/HTTP|during key exchange|Protocol|banner/i, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ];
  for (const [seen, onConnection] of cases) {
    const server = await listener(onConnection ?? (() => undefined));
    if (onConnection === undefined) await server.close();
    const shell = shellOf(server);
    const error = await t.throwsAsync(shell.ready({ timeout: 2500 }), { instanceOf: AwaitedTooLong });
    t.regex(error?.message ?? '', seen);
    await shell.close();
    if (onConnection !== undefined) await server.close();
  }
});

test('ready waits for a server that comes late', async (t) => {
  const early = await startSshServer();
  const { port } = early;
  await early.close();
  const shell = shellOf({ port });
  const ready = shell.ready({ timeout: 20_000 });
  const late = await startSshServer({ port });
  await t.notThrowsAsync(ready);
  await shell.close();
  await late.close();
});

test('an address that isn’t known is told of', async (t) => {
  const shell = new SshShell({ endpoint: () => Promise.reject(new TypeError('the power is off')), hostKeys: new HostKeysInMemory() });
  const error = await t.throwsAsync(shell.run('true', { timeout: 300 }), { instanceOf: AwaitedTooLong });
  t.regex(error?.message ?? '', /the power is off/);
  await shell.close();
});

async function echoOnce(port: number, say: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end(say);
  let heard = '';
  for await (const bytes of socket) heard += String(bytes);
  return heard;
}

async function echoServer(listen: (server: Server) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  listen(server);
  await once(server, 'listening');
  return server;
}

test('forwards to a TCP port and to a unix socket, before and after the connection was lost', (t) =>
  withServer(async (server, shell) => {
    const directory = await mkdtemp(join(tmpdir(), 'boardwalk-ssh-'));
    const overTcp = await echoServer((one) => one.listen(0, '127.0.0.1'));
    const overUnix = await echoServer((one) => one.listen(join(directory, 'socket')));
    const address = overTcp.address();
    const tcp = await shell.forward({ port: typeof address === 'object' && address !== null ? address.port : 0 });
    const unix = await shell.forward({ socket: join(directory, 'socket') });
    for (const forward of [tcp, unix]) t.is(await echoOnce(forward.port, 'there and back'), 'there and back');
    server.cut();
    for (const forward of [tcp, unix]) t.is(await echoOnce(forward.port, 'again'), 'again');
    const nowhere = await shell.forward({ socket: join(directory, 'nothing') });
    await t.throwsAsync(echoOnce(nowhere.port, 'x'), { code: 'ECONNRESET' });
    await tcp.close();
    await t.throwsAsync(echoOnce(tcp.port, 'x'), { code: 'ECONNREFUSED' });
    overTcp.close();
    overUnix.close();
    await rm(directory, { recursive: true });
  }));
