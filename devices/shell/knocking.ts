import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Endpoint } from '../device.ts';
import { Deadline } from './deadline.ts';
import { GatheringSocket } from './gathering-socket.ts';

export interface Knocking {
  endpoint: Endpoint;
  /** See SshShellOptions.idleDoor. */
  idleDoor: Endpoint | undefined;
  /** Ends it. */
  signal: AbortSignal;
  /** Called when the port has taken a connection, which says nothing of a server behind it. */
  onAccepted: () => void;
}

/** Milliseconds until a server that was knocked at, again and again, says its first word: a guest under load took 9 s. */
const bannerBudget = 15_000;
/**
 * Milliseconds between knocks. QEMU's user network takes a connection for a guest that isn't up, and then asks the guest after 3, 6, 12 s: a connection made once it
 * is up is answered at once. Each costs the server a process, so where another door tells when that is, few are made in advance.
 */
const knockEvery = { byItself: 1_500, besideDoor: 5_000 };
/** Milliseconds between looks at the door. */
const lookEvery = 300;

/** A connection on which the server has said its first word, or what was seen instead. A port that takes connections proves nothing. */
export async function heardFrom({ endpoint, idleDoor, signal, onAccepted }: Knocking): Promise<Socket | { seen: string }> {
  using deadline = new Deadline(bannerBudget, signal);
  const settled = Promise.withResolvers<Socket | { seen: string }>();
  const met = (seen: string) => settled.resolve({ seen });
  /** Those that nothing was heard from yet. */
  const silent = new Set<Socket>();
  let heard: Socket | undefined;
  let accepted = false;

  const knock = () => {
    const socket = new GatheringSocket().setNoDelay(true).connect(endpoint);
    silent.add(socket);
    socket.once('connect', () => {
      accepted = true;
      onAccepted();
    });
    socket.on('readable', () => {
      // At its end, too, a socket has something to read: nothing.
      if (heard !== undefined || socket.readableLength === 0) return;
      heard = socket;
      silent.delete(socket);
      settled.resolve(socket);
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      lose(socket, error.code === 'ECONNREFUSED' ? 'connection refused' : error.message),
    );
    socket.once('close', () => lose(socket, 'the connection was closed before any SSH banner'));
  };
  /** One that was given up before has nothing to tell. */
  const lose = (socket: Socket, seen: string) => silent.delete(socket) && met(seen);
  const giveUpSilent = () => {
    const given = [...silent];
    silent.clear();
    for (const socket of given) socket.destroy();
  };
  deadline.signal.addEventListener('abort', () =>
    met(accepted ? `accepted, no SSH banner within ${bannerBudget / 1000} s` : `no TCP connection within ${bannerBudget / 1000} s`),
  );

  // 1. A device that is up answers the first knock.
  knock();
  const knocking = setInterval(knock, idleDoor === undefined ? knockEvery.byItself : knockEvery.besideDoor);
  // 2. One that comes up meanwhile is knocked at anew, as soon as it is seen: the knocks before would each start a server when their turn comes again.
  const looking = new AbortController();
  const lookOut = async () => {
    if (idleDoor === undefined || !(await comesUp(idleDoor, looking.signal))) return;
    giveUpSilent();
    knock();
  };
  const lookedOut = lookOut();

  const first = await settled.promise;
  clearInterval(knocking);
  looking.abort();
  await lookedOut;
  giveUpSilent();
  heard?.removeAllListeners('readable');
  // Heard from too late: what was met before is the answer.
  if (heard !== first) heard?.destroy();
  return first;
}

/**
 * True once a device's network turns a connection away that it had left without an answer before; false where it does so at the first look, or when the look-out ends.
 * QEMU's user network takes a connection for a guest that isn't up: only its end is an answer.
 */
async function comesUp(door: Endpoint, signal: AbortSignal): Promise<boolean> {
  for (let looks = 0; !signal.aborted; looks += 1) {
    const closed = Promise.withResolvers<true>();
    const socket = connect(door)
      // Its close says enough.
      .on('error', () => undefined)
      .once('close', () => closed.resolve(true));
    const late = pause(lookEvery, false, { signal }).catch(() => false);
    const turnedAway = await Promise.race([closed.promise, late]);
    socket.destroy();
    if (turnedAway) return looks > 0;
  }
  return false;
}
