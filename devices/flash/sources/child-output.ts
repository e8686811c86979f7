import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bytes of one read: more than a socket holds (net.core.wmem_default, 208 KiB), and few enough to be hashed and copied in the core's cache. */
const readBytes = 256 * 1024;

/**
 * What a child writes to its standard output, read into memory that is used again and again. Node reads a `stdout: 'pipe'` into new memory
 * each time: for 4 GiB that took three times the CPU time, most of it to collect the garbage, and 100 MB more memory.
 */
export class ChildOutput implements AsyncDisposable {
  /** The child's end. To be destroyed once the child has it: a copy of ours would keep the output from ending. */
  readonly childEnd: Socket;
  readonly #ourEnd: Socket;
  readonly #memory: Buffer;
  #arrived = Promise.withResolvers<number>();

  static async open(): Promise<ChildOutput> {
    // Node has no socketpair(2): a server that takes one connection, in a directory of ours alone, makes one.
    const directory = await mkdtemp(join(tmpdir(), 'boardwalk-'));
    try {
      const server = createServer({ pauseOnConnect: true }).listen(join(directory, 'output'));
      await once(server, 'listening');
      return await ChildOutput.#connect(server, join(directory, 'output'));
    } finally {
      await rm(directory, { recursive: true });
    }
  }

  static async #connect(server: Server, path: string): Promise<ChildOutput> {
    const memory = Buffer.allocUnsafeSlow(readBytes);
    const accepted = once(server, 'connection');
    let output: ChildOutput | undefined;
    // One read at a time: what was read is used before the next.
    const callback = (bytes: number) => {
      if (output !== undefined) output.#arrived.resolve(bytes);
      return false;
    };
    try {
      const ourEnd = connect({ path, onread: { buffer: memory, callback } });
      const [[childEnd]] = (await Promise.all([accepted, once(ourEnd, 'connect')])) as [[Socket], unknown];
      output = new ChildOutput(ourEnd, childEnd, memory);
      return output;
    } finally {
      server.close();
    }
  }

  private constructor(ourEnd: Socket, childEnd: Socket, memory: Buffer) {
    this.childEnd = childEnd;
    this.#ourEnd = ourEnd;
    this.#memory = memory;
    ourEnd.once('end', () => this.#arrived.resolve(0));
    ourEnd.once('error', (error) => this.#arrived.reject(error));
    this.#arrived.promise.catch(() => undefined);
  }

  /** The next bytes, valid until they are asked for again; none at the end. */
  async read(): Promise<Buffer> {
    const bytes = await this.#arrived.promise;
    return this.#memory.subarray(0, bytes);
  }

  /** What was read may be overwritten. */
  release(): void {
    this.#arrived = Promise.withResolvers();
    this.#arrived.promise.catch(() => undefined);
    this.#ourEnd.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.childEnd.destroy();
    this.#ourEnd.destroy();
  }
}
