import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import type { QmpClient } from '../qmp/client.ts';
import { TranslatedCode } from './translated-code.ts';

/** A stub for debuggers that does with a connection what it is told to, and a monitor that notes what it is asked. */
async function withStub(
  t: ExecutionContext,
  answer: (socket: Socket) => void,
  running: boolean,
): Promise<{ asked: string[]; complaint: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-stub-'));
  const stub = createServer(answer).listen(join(directory, 'gdb'));
  await once(stub, 'listening');
  const asked: string[] = [];
  const execute = ({ command }: { command: string }) => {
    asked.push(command);
    return Promise.resolve({ status: running ? 'running' : 'paused', running });
  };
  const { promise: complained, resolve } = Promise.withResolvers<string>();
  const code = new TranslatedCode(join(directory, 'gdb'), { execute } as unknown as QmpClient, resolve);
  try {
    code.outdate();
    if (running) return { asked, complaint: await complained };
    while (asked.length === 0) await new Promise(setImmediate);
    await code.idle;
    return { asked, complaint: '' };
  } finally {
    stub.close();
    await rm(directory, { recursive: true });
    t.log(asked.join(', '));
  }
}

test('a guest whose step goes wrong is stopped, by which the step is called off, and goes on; the log says why it is slower', async (t) => {
  const { asked, complaint } = await withStub(t, (socket) => socket.end('$T02thread:01;#04'), true);
  t.deepEqual(asked, ['query-status', 'stop', 'cont']);
  t.regex(complaint, /translated code stays: QemuError: QEMU's stub for debuggers closed its connection/);
});

test('a guest that somebody stopped meanwhile is left alone', async (t) => {
  const { asked } = await withStub(t, () => t.fail('nobody is to knock'), false);
  t.deepEqual(asked, ['query-status']);
});
