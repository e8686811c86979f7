import { readSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { SerialPort } from 'serialport';
import { demandUnambiguous } from './adapter.ts';
import { isRate } from './baud-rate.ts';
import { SourceUnopened } from './errors.ts';
import { ReadPace } from './read-pace.ts';
import type { ConsoleSource, SourceClosed, SourceListener } from './source.ts';

export interface TtyOptions {
  /** Bits a second; a PTY takes any. Default 115200, as the documented boards have it. */
  baudRate?: number;
}

/** Bytes of one read at most. Linux gives a tty's in pieces of up to 4096. */
const mostAtOnce = 64 * 1024;
/** Milliseconds until a tty that says nothing is read all the same: the poller was seen to miss an end, once in some thirty power cuts on a busy host. */
const lookAnyway = 1_000;
/** Milliseconds after which a tty that takes nothing is tried again: 115200 baud move 58 bytes in them. */
const fullPause = 5;

/**
 * A console on a tty, or on the PTY of a virtual machine. 8N1, no flow control. Closing it doesn't drop DTR (`hupcl`), which resets some
 * boards; it is locked against a second program that locks too, and only that: flock is advisory.
 */
export function tty(path: string, { baudRate = 115_200 }: TtyOptions = {}): ConsoleSource {
  const pace = new ReadPace();
  let port: Port | undefined;
  let closing = false;
  const closed = Promise.withResolvers<void>();

  const listen = async (opened: Port, listener: SourceListener) => {
    const seen = await readOn(opened, pace, listener).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (opened.isOpen) await opened.close().catch(() => undefined);
    listener.closed(causeOf(path, closing, seen));
    closed.resolve();
  };

  return {
    name: path,
    async open(listener) {
      await demandUnambiguous(path);
      port = await openPort(path, baudRate).catch((cause: unknown) => {
        throw new SourceUnopened(`the console ${path} could not be opened: ${cause instanceof Error ? cause.message : String(cause)}`, {
          blame: 'infra',
          advice: `Look whether ${path} is there, may be read and written by this user, and is not held by another program, and does this baud rate.`,
          cause,
        });
      });
      void listen(port, listener);
    },
    async write(bytes) {
      if (port === undefined) throw new TypeError(`${path} isn’t open`);
      pace.sent(performance.now());
      await writeTo(port, bytes);
    },
    async close() {
      if (port === undefined) return;
      closing = true;
      if (port.isOpen) await port.close();
      await closed.promise;
    },
  };
}

/**
 * serialport's bindings set the line up and tell when it has something. Reading and writing is ours: their stream reads at each few bytes,
 * twice and in another thread, takes a tty that was hung up, which reads as nothing, for one that says nothing yet, and once it had to
 * wait for room to write, its poller (bindings-cpp 13.0.0, Poller::onData) spins while bytes lie unread.
 */
type Port = Extract<Awaited<ReturnType<typeof SerialPort.binding.open>>, { fd: number | null; poller: unknown }>;

async function openPort(path: string, baudRate: number): Promise<Port> {
  const port = await SerialPort.binding.open({ path, baudRate, hupcl: false });
  try {
    if (!('poller' in port)) throw new TypeError('consoles on a tty are for Linux');
    const { baudRate: taken } = await port.getBaudRate();
    if (!isRate(baudRate, taken)) throw new RangeError(`asked for ${baudRate} baud, the adapter took ${taken}`);
    return port;
  } catch (error) {
    await port.close();
    throw error;
  }
}

/** Reads until the tty ends, and says how; rejects as it fails. */
async function readOn(port: Port, pace: ReadPace, listener: SourceListener): Promise<string> {
  const buffer = Buffer.alloc(mostAtOnce);
  const attention = callsOf(port);
  for (;;) {
    await attention();
    if (port.fd === null) return 'it was closed';
    const { fd } = port;
    const count = unlessBusy(() => readSync(fd, buffer));
    if (count === undefined) continue;
    if (count === 0) return 'it was hung up';
    listener.bytes(buffer.subarray(0, count));
    const rest = pace.rest(count, performance.now());
    if (rest > 0) await pause(rest);
  }
}

/** Waits until the tty says that it has something, or has said nothing for so long that it is looked at anyway. Rejects as the poller fails. */
function callsOf(port: Port): () => Promise<void> {
  let call: Promise<void> | undefined;
  const next = () =>
    new Promise<void>((resolve, reject) => {
      port.poller.once('readable', (error: Error | null) => (error === null ? resolve() : reject(error)));
    }).finally(() => (call = undefined));
  return async () => {
    if (port.fd === null) return;
    call ??= next();
    // One that fails while nobody waits fails the next wait, too: the poller goes on telling.
    call.catch(() => undefined);
    const late = new AbortController();
    try {
      await Promise.race([call, pause(lookAnyway, undefined, { signal: late.signal })]);
    } finally {
      late.abort();
    }
  };
}

async function writeTo(port: Port, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { fd } = port;
    if (fd === null) throw new TypeError(`${port.openOptions.path} was closed`);
    const count = unlessBusy(() => writeSync(fd, bytes, written));
    if (count === undefined) await pause(fullPause);
    else written += count;
  }
}

/** How many bytes were moved; undefined where none can be at this moment: the bindings open a tty so that it never keeps who calls waiting. */
function unlessBusy(move: () => number): number | undefined {
  try {
    return move();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EINTR')) return undefined;
    throw error;
  }
}

function causeOf(path: string, closing: boolean, seen: string): SourceClosed {
  if (closing) return { reason: 'closed', detail: `${path} was closed by this side` };
  return { reason: 'vanished', detail: `${path} went away: ${seen}` };
}
