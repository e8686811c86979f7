import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { BenchParts } from '../device.ts';
import { DeviceError } from '../errors.ts';
import type { ServedDevice } from './calls.ts';
import { serveClient } from './session.ts';

export interface PartsServer {
  readonly socketPath: string;
  /** Stops listening, cancels what clients wait for, hangs up, removes the socket. */
  close(): Promise<void>;
}

/** The socket can't be made there. */
export class SocketUnavailable extends DeviceError {
  override readonly name = 'SocketUnavailable';
}

/** sun_path of sockaddr_un(7) is 108 bytes, the last of them a zero; longer paths would be cut without a word. */
const longestSocketPath = 107;

/**
 * Serves devices' parts to clients that know the token, over a unix socket that only this user may open.
 * A client that dies takes nothing with it but its own waits.
 */
export async function serveParts(parts: ReadonlyMap<string, BenchParts>, socketPath: string, token: string): Promise<PartsServer> {
  if (Buffer.byteLength(socketPath) > longestSocketPath) {
    throw new SocketUnavailable(`the path of a unix socket has at most ${longestSocketPath} bytes: ${socketPath}`, {
      blame: 'infra',
      advice: 'Put it into a directory with a shorter name.',
    });
  }
  const expected = digest(token);
  const devices = new Map<string, ServedDevice>([...parts].map(([id, each]) => [id, { parts: each, sticks: new Map() }]));
  const clients = new Set<Socket>();
  const sessions = new Set<Promise<void>>();
  const server = createServer((socket) => {
    clients.add(socket);
    const session = serveClient(socket, { devices, accepts: (presented) => timingSafeEqual(digest(presented), expected) }).finally(() => {
      clients.delete(socket);
      sessions.delete(session);
    });
    sessions.add(session);
  });

  await listen(server, socketPath);
  return {
    socketPath,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of clients) socket.destroy();
      await Promise.all([closed, ...sessions]);
    },
  };
}

/** Equal lengths for the comparison, whatever is presented. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

async function listen(server: Server, path: string): Promise<void> {
  if (await isAbandonedSocket(path)) await unlink(path);
  server.listen(path);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new SocketUnavailable(`can't listen on ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      blame: 'infra',
      advice: 'Does its directory exist, and does another bench serve there?',
      cause,
    });
  }
  await chmod(path, 0o600);
}

/** True for a socket that is there and that nobody listens on: what a killed bench left. */
async function isAbandonedSocket(path: string): Promise<boolean> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined || !found.isSocket()) return false;
  const probe = connect(path);
  try {
    await once(probe, 'connect');
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
  } finally {
    probe.destroy();
  }
}
