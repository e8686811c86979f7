import { SerialPort } from 'serialport';
import { SourceUnopened } from './errors.ts';
import type { ConsoleSource, SourceClosed, SourceListener } from './source.ts';

export interface TtyOptions {
  /** Bits a second; a PTY takes any. Default 115200, as the documented boards have it. */
  baudRate?: number;
}

/**
 * A console on a tty, or on the PTY of a virtual machine. 8N1, no flow control. Closing it doesn't drop DTR (`hupcl`), which resets some
 * boards; it is locked against a second program that locks too, and only that: flock is advisory.
 */
export function tty(path: string, { baudRate = 115_200 }: TtyOptions = {}): ConsoleSource {
  const port = new SerialPort({ path, baudRate, autoOpen: false, hupcl: false, highWaterMark: 64 * 1024 });
  /** The first error that the port told; the reason of its closing, where that has none of its own. */
  let failure: Error | undefined;
  let closing = false;
  const closed = Promise.withResolvers<void>();

  const listen = (listener: SourceListener) => {
    port.on('data', (bytes: Buffer) => listener.bytes(bytes));
    port.on('error', (error) => (failure ??= error));
    port.once('close', (error?: (Error & { disconnected?: boolean }) | null) => {
      listener.closed(causeOf(path, closing, error ?? failure));
      closed.resolve();
    });
  };

  return {
    name: path,
    async open(listener) {
      listen(listener);
      await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve()))).catch((cause: Error) => {
        throw new SourceUnopened(`the console ${path} could not be opened: ${cause.message}`, {
          blame: 'infra',
          advice: `Look whether ${path} is there, may be read and written by this user, and is not held by another program.`,
          cause,
        });
      });
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        port.write(Buffer.from(bytes), (error) => (error ? reject(error) : resolve()));
      }),
    async close() {
      if (!port.isOpen) return;
      closing = true;
      port.close((error) => (failure ??= error ?? undefined));
      await closed.promise;
    },
  };
}

function causeOf(path: string, closing: boolean, error: (Error & { disconnected?: boolean }) | undefined): SourceClosed {
  if (closing) return { reason: 'closed', detail: `${path} was closed by this side` };
  if (error?.disconnected === true) return { reason: 'vanished', detail: `${path} went away: ${error.message}` };
  return { reason: 'failed', detail: `${path} failed: ${error?.message ?? 'closed without a reason'}` };
}
