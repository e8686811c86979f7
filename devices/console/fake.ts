import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleRecorder, type RecorderOptions } from './recorder.ts';
import type { ConsoleSource, SourceClosed, SourceListener } from './source.ts';

/** A console source in memory: what the device says is fed to it, what was written to the device is kept. */
export class FakeSource implements ConsoleSource {
  readonly name: string;
  /** Every byte that was written to the device. */
  written: Buffer = Buffer.alloc(0);
  /** Called with each write; what it feeds is the device's answer. */
  onWrite: ((bytes: Buffer) => void) | undefined;
  #listener: SourceListener | undefined;
  readonly #closed: (cause: SourceClosed) => void;
  /** Settles once it is closed, by either side. */
  readonly closed: Promise<SourceClosed>;

  constructor(name = 'fake console') {
    this.name = name;
    const { promise, resolve } = Promise.withResolvers<SourceClosed>();
    this.closed = promise;
    this.#closed = resolve;
  }

  async open(listener: SourceListener): Promise<void> {
    this.#listener = listener;
  }

  /** The device says something. */
  feed(data: string | Uint8Array): void {
    this.#listener?.bytes(typeof data === 'string' ? Buffer.from(data) : data);
  }

  /** The device goes away, as a PTY does when its machine ends. */
  vanish(): void {
    this.#end({ reason: 'vanished', detail: `${this.name} went away` });
  }

  async write(bytes: Uint8Array): Promise<void> {
    const copy = Buffer.from(bytes);
    this.written = Buffer.concat([this.written, copy]);
    this.onWrite?.(copy);
  }

  async close(): Promise<void> {
    this.#end({ reason: 'closed', detail: `${this.name} was closed by this side` });
  }

  #end(cause: SourceClosed): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.closed(cause);
    this.#closed(cause);
  }
}

/** A console whose device is a fake source, recorded in a directory of its own. */
export async function openFakeConsole(
  options: Partial<Omit<RecorderOptions, 'directory'>> = {},
): Promise<{ console: ConsoleRecorder; source: FakeSource; release: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-console-'));
  const recorder = await ConsoleRecorder.open({ device: 'fake', ...options, directory });
  const source = new FakeSource();
  await recorder.attach(source);
  const release = async () => {
    await recorder.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { console: recorder, source, release };
}
