import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Endpoint } from '../device.ts';

/** Milliseconds until a board with power has taken a connection, and from there to its first word. */
const acceptBudget = 2_000;
const wordBudget = 5_000;

/**
 * Whether a board says a word on the network: `it answers on 192.168.1.50 port 22222`. Undefined where it doesn't, which proves nothing. A connection that is
 * only taken is no sign of life: a tunnel to the board takes it, too.
 */
export async function signOfLife({ host, port }: Endpoint): Promise<string | undefined> {
  const socket = connect(port, host);
  const heard = Promise.withResolvers<boolean>();
  const taken = Promise.withResolvers<boolean>();
  socket
    .once('connect', () => taken.resolve(true))
    .once('data', () => heard.resolve(true))
    // Its close says enough.
    .on('error', () => undefined)
    .once('close', () => {
      taken.resolve(false);
      heard.resolve(false);
    });
  const over = new AbortController();
  const within = (answer: Promise<boolean>, budget: number) =>
    Promise.race([answer, pause(budget, false, { signal: over.signal }).catch(() => false)]);
  try {
    const alive = (await within(taken.promise, acceptBudget)) && (await within(heard.promise, wordBudget));
    return alive ? `it answers on ${host} port ${port}` : undefined;
  } finally {
    over.abort();
    socket.destroy();
  }
}
