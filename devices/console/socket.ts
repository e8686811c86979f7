import { connect, type Socket } from 'node:net';
import { SourceUnopened } from './errors.ts';
import type { ConsoleSource, SourceListener } from './source.ts';

/** Milliseconds until a serial port server takes a connection. */
const connectBudget = 5_000;
/** Of silence after which the kernel asks the other end whether it is still there. */
const keepAliveAfter = 5_000;

/** A console behind a TCP port that passes bytes as they are, such as ser2net's `raw`. The line's speed is the server's affair. */
export function tcpSource({ host, port }: { host: string; port: number }): ConsoleSource {
  return socketSource(`${host}:${port}`, () =>
    connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveAfter }),
  );
}

/** The same on a unix socket. */
export function unixSource(path: string): ConsoleSource {
  return socketSource(path, () => connect({ path }));
}

function socketSource(name: string, dial: () => Socket): ConsoleSource {
  let socket: Socket | undefined;
  let closing = false;
  const closed = Promise.withResolvers<void>();

  return {
    name,
    async open(listener) {
      const dialled = dial();
      await connected(name, dialled);
      socket = dialled;
      listen(name, dialled, listener, () => closing).then(closed.resolve, closed.reject);
    },
    async write(bytes) {
      if (socket === undefined) throw new TypeError(`${name} isn’t open`);
      await written(socket, bytes);
    },
    async close() {
      if (socket === undefined) return;
      closing = true;
      socket.destroy();
      await closed.promise;
    },
  };
}

/** Resolves once it is; an unanswered or refused one is SourceUnopened. */
export async function connected(name: string, socket: Socket): Promise<void> {
  const answer = Promise.withResolvers<void>();
  const late = setTimeout(() => answer.reject(new Error(`no answer within ${connectBudget / 1000} s`)), connectBudget);
  socket.once('connect', answer.resolve);
  socket.once('error', answer.reject);
  try {
    await answer.promise;
  } catch (cause) {
    socket.destroy();
    throw new SourceUnopened(`the console at ${name} could not be opened: ${cause instanceof Error ? cause.message : String(cause)}`, {
      blame: 'infra',
      advice: `Look whether the serial port server runs at ${name}, and whether it serves somebody else.`,
      cause,
    });
  } finally {
    clearTimeout(late);
    socket.off('error', answer.reject);
  }
}

/** Hands on what comes; resolves when the listener was told of the end. */
export async function listen(name: string, socket: Socket, listener: SourceListener, isClosing: () => boolean): Promise<void> {
  const ended = Promise.withResolvers<string>();
  socket.on('data', (bytes) => listener.bytes(bytes));
  socket.once('error', (error) => ended.resolve(error.message));
  socket.once('close', () => ended.resolve('the server closed the connection'));
  const seen = await ended.promise;
  socket.destroy();
  listener.closed(
    isClosing()
      ? { reason: 'closed', detail: `${name} was closed by this side` }
      : { reason: 'vanished', detail: `${name} went away: ${seen}` },
  );
}

/** Resolves when the kernel has taken the bytes. */
export function written(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
