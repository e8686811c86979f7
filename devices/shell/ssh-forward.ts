import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Forward } from './shell.ts';
import type { SshConnection } from './ssh-connection.ts';

export type ForwardTarget = { port: number } | { socket: string };

/**
 * A port on 127.0.0.1 whose connections end at the device. Each is a channel of whichever SSH connection stands when it comes in, so that
 * the port outlives a reboot. One that can't be made is reset, as if the device had refused it.
 */
export async function openForward(target: ForwardTarget, connected: () => Promise<SshConnection>): Promise<Forward> {
  const open = new Set<Socket>();
  const serve = async (local: Socket) => {
    const remote = await channelOver(target, connected);
    await Promise.all([pipeline(local, remote), pipeline(remote, local)]);
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (local) => {
    open.add(local);
    local.once('close', () => open.delete(local));
    // Before its channel stands nobody else listens for its errors; pipeline does from then on.
    local.on('error', () => local.destroy());
    serve(local).catch(() => local.resetAndDestroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError(`a TCP server listens on ${JSON.stringify(address)}`);
  return {
    host: '127.0.0.1',
    port: address.port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const local of open) local.destroy();
      await closed;
    },
  };
}

/** A channel over the connection that stands; one that died as the channel was asked for is replaced, as nothing was sent yet. */
async function channelOver(target: ForwardTarget, connected: () => Promise<SshConnection>): Promise<Duplex> {
  for (;;) {
    const connection = await connected();
    try {
      return await channelTo(target, connection);
    } catch (error) {
      if (!connection.ended) throw error;
    }
  }
}

async function channelTo(target: ForwardTarget, { client }: SshConnection): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const opened = (error: Error | undefined, channel: Duplex) => (error === undefined ? resolve(channel) : reject(error));
    if ('socket' in target) client.openssh_forwardOutStreamLocal(target.socket, opened);
    else client.forwardOut('127.0.0.1', 0, '127.0.0.1', target.port, opened);
  });
}
