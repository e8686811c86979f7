import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Enough for an assertion with its backtrace. */
const tailBytes = 4096;

/** The file that QEMU writes its own words to; kept as evidence, and appended to by each life of a machine. */
export class QemuOutput {
  readonly path: string;
  readonly #start: number;

  constructor(path: string) {
    this.path = path;
    const file = openSync(path, 'a');
    this.#start = fstatSync(file).size;
    closeSync(file);
  }

  /** Puts a line of ours among QEMU's. */
  add(line: string): void {
    appendFileSync(this.path, `${line}\n`);
  }

  /** The last lines of this life, without the announcement of the PTY that QEMU prints at each start. */
  tail(): string {
    const reader = openSync(this.path, 'r');
    try {
      const size = fstatSync(reader).size;
      const from = Math.max(this.#start, size - tailBytes);
      const bytes = Buffer.alloc(Math.max(0, size - from));
      readSync(reader, bytes, 0, bytes.length, from);
      return bytes
        .toString('utf8')
        .replaceAll(/^char device redirected to .*$\n?/gm, '')
        .trim();
    } finally {
      closeSync(reader);
    }
  }

  /** The last line, without the program's name and the option it complains of. */
  lastWords(): string {
    const line = this.tail().split('\n').at(-1) ?? '';
    return line.replace(/^\S*qemu-system-\S+: (-blockdev \{.*\}: )?/, '');
  }
}
