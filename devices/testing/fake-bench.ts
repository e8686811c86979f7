import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../clock/fake.ts';
import { openFakeConsole, type FakeSource } from '../console/fake.ts';
import type { BenchParts, Endpoint } from '../device.ts';
import { FakePower } from '../power/fake.ts';
import { serveParts } from '../remote/server.ts';
import { startSshServer } from '../shell/ssh-server.ts';

export interface FakeBench {
  /** What a runner gives its Playwright in the environment. */
  readonly environment: Record<'BOARDWALK_BENCH' | 'BOARDWALK_TOKEN' | 'BOARDWALK_DEVICES', string>;
  /** The device's console, to let it say something. */
  readonly console: FakeSource;
  /** What `remember` kept. */
  readonly memory: ReadonlyMap<string, unknown>;
  release(): Promise<void>;
}

/**
 * A bench with one device, `fake-1`: console, power and time server in memory behind the real socket, an SSH server of this host's
 * shell, an engine and a supervisor that answer their pings. It has no sticks.
 */
export async function startFakeBench(): Promise<FakeBench> {
  await using taken = new AsyncDisposableStack();
  const { console, source, release } = await openFakeConsole();
  taken.defer(release);
  const sshd = await startSshServer();
  taken.defer(() => sshd.close());
  const engine = await listen((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(request.url?.endsWith('/version') ? JSON.stringify({ ApiVersion: '1.41' }) : 'OK');
  });
  taken.defer(() => engine.close());
  const supervisor = await listen((_request, response) => response.end('OK'));
  taken.defer(() => supervisor.close());

  const power = new FakePower();
  await power.on();
  const memory = new Map<string, unknown>();
  const parts: BenchParts = {
    id: 'fake-1',
    type: 'fake',
    console,
    power,
    clock: new FakeClock(),
    endpoints: async () => ({
      ssh: { host: '127.0.0.1', port: sshd.port },
      engine: engine.endpoint,
      supervisor: supervisor.endpoint,
    }),
    artifacts: async () => ({ serviceImage: '/nowhere/service-image.tar' }),
    markDirty: async () => undefined,
    begin: async () => 0,
    recall: async (key) => memory.get(key),
    remember: async (key, value) => void memory.set(key, value),
  };
  const token = randomBytes(16).toString('hex');
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-bench-'));
  taken.defer(() => rm(directory, { recursive: true, force: true }));
  const server = await serveParts(new Map([[parts.id, parts]]), join(directory, 'bench.sock'), token);
  taken.defer(() => server.close());

  const held = taken.move();
  return {
    environment: { BOARDWALK_BENCH: server.socketPath, BOARDWALK_TOKEN: token, BOARDWALK_DEVICES: parts.id },
    console: source,
    memory,
    release: () => held.disposeAsync(),
  };
}

async function listen(handle: RequestListener): Promise<{ endpoint: Endpoint; close(): Promise<void> }> {
  const server = createServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server has no port');
  return {
    endpoint: { host: '127.0.0.1', port: address.port },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
