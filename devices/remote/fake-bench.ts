import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../clock/fake.ts';
import { openFakeConsole } from '../console/fake.ts';
import type { BenchParts } from '../device.ts';
import { FakePower } from '../power/fake.ts';
import { FakeSticks } from '../sticks/fake.ts';
import { connectBench } from './client.ts';
import { serveParts } from './server.ts';

/** A device of fakes, as a bench would own it. */
export async function fakeParts(id: string) {
  const { console, source, release } = await openFakeConsole();
  const power = new FakePower();
  const sticks = new FakeSticks();
  const clock = new FakeClock();
  const dirt: string[] = [];
  const remembered = new Map<string, unknown>();
  const parts: BenchParts = {
    id,
    type: 'fake',
    console,
    power,
    sticks,
    clock,
    endpoints: async () => ({
      ssh: { host: '127.0.0.1', port: 1 },
      engine: { host: '127.0.0.1', port: 2 },
      supervisor: { host: '127.0.0.1', port: 3 },
    }),
    artifacts: async () => ({ serviceImage: '/images/service.tar' }),
    markDirty: async (reason) => void dirt.push(reason),
    begin: async () => 0,
    recall: async (key) => remembered.get(key),
    remember: async (key, value) => void remembered.set(key, value),
  };
  return { parts, source, power, sticks, clock, dirt, release };
}

/** A device of fakes, served on a socket, and a client of it. */
export async function fakeBench() {
  const device = await fakeParts('fake-1');
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  const socketPath = join(directory, 'bench.sock');
  const token = 'a token for this test';
  const server = await serveParts(new Map([[device.parts.id, device.parts]]), socketPath, token);
  const connect = (options: { token?: string; device?: string } = {}) =>
    connectBench({ socketPath, token, device: device.parts.id, ...options });
  const remote = await connect();
  return {
    ...device,
    server,
    socketPath,
    token,
    remote,
    connect,
    release: async () => {
      await remote.close();
      await server.close();
      await device.release();
      await rm(directory, { recursive: true });
    },
  };
}
