import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ConsoleSource, SourceListener } from '../console/source.ts';

/** A program on a terminal of its own, as a console source: util-linux's script(1) holds the terminal's other side. */
export class PtySource implements ConsoleSource {
  readonly name: string;
  /** What becomes of the bytes on their way from the terminal, and to it; by default nothing. */
  fromTerminal: (bytes: Buffer) => Buffer = (bytes) => bytes;
  toTerminal: (bytes: Buffer) => Buffer = (bytes) => bytes;
  readonly #command: string;
  #process: ReturnType<typeof spawn> | undefined;

  constructor(command: string) {
    this.#command = command;
    this.name = `a terminal with ${command}`;
  }

  async open(listener: SourceListener): Promise<void> {
    // In a session of its own, and with a plain environment: no prompt, no history of whoever runs this.
    const env = { PATH: process.env['PATH'], PS1: '# ', TERM: 'dumb', HOME: '/' };
    // setpriv: it ends with this process, however that ends.
    const script = spawn('setpriv', ['--pdeathsig', 'KILL', 'script', '-qfc', this.#command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
      env,
    });
    this.#process = script;
    script.stdout.on('data', (bytes: Buffer) => listener.bytes(this.fromTerminal(bytes)));
    script.stdin.on('error', (error) => listener.closed({ reason: 'vanished', detail: error.message }));
    script.once('close', () => listener.closed({ reason: 'vanished', detail: 'the terminal was closed' }));
    await once(script, 'spawn');
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#process?.stdin?.write(this.toTerminal(Buffer.from(bytes)));
  }

  async close(): Promise<void> {
    const script = this.#process;
    if (script === undefined || script.exitCode !== null || script.signalCode !== null) return;
    const closed = once(script, 'close');
    script.kill('SIGTERM');
    await closed;
  }
}
