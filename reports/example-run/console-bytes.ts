/** A console log and its time index, as the bench records them: raw bytes, and for each chunk its offset and arrival. */
export class ExampleConsole {
  readonly #chunks: Buffer[] = [];
  readonly #index: string[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  write(bytes: string | Buffer, epochMilliseconds: number): void {
    const chunk = Buffer.from(bytes);
    this.#index.push(`${JSON.stringify({ o: this.#length, t: epochMilliseconds })}\n`);
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** What the bench notes between the bytes. */
  mark(event: 'power-on' | 'reset-announced', epochMilliseconds: number): void {
    this.#index.push(`${JSON.stringify({ o: this.#length, t: epochMilliseconds, event })}\n`);
  }

  get log(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get index(): string {
    return this.#index.join('');
  }
}

/** What a device may print and a page or a terminal must not obey. */
export const hostileBytes = Buffer.concat([
  Buffer.from('</pre></script><script>document.title="owned"</script><img src=x onerror="document.title=1">\r\n'),
  Buffer.from('\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m \x1b[1;32mbold green\x1b[m \x1b[38;5;208m256\x1b[0m\r\n'),
  Buffer.from([0x00, 0x01, 0x7f, 0x80, 0xff, 0xfe, 0xc3, 0x28, 0x0a]),
  Buffer.from('\u202egnp.exe\u202c ]]> <!-- -->  \u2028 &amp; &lt;script&gt;\n'),
]);

const bootLines = (slot: string): [seconds: number, line: string][] => [
  [0.2, 'SeaBIOS (version 1.16.2-debian-1.16.2-1)'],
  [0.4, 'Booting from Hard Disk...'],
  [2.1, 'GRUB loading.'],
  [7.1, `Booting slot ${slot}, attempt 1`],
  [0.4, '[    0.000000] Linux version 6.1.0-28-amd64 (debian-kernel@lists.debian.org)'],
  [0.3, '[    0.000000] Command line: root=LABEL=resin-root\u0041 ro console=ttyS0,115200'],
  [0.6, '[    0.412205] clocksource: tsc-early: mask: 0xffffffffffffffff max_cycles: 0x1cd42e4dffb'],
  [0.4, '[    1.024410] EXT4-fs (sda2): mounted filesystem with ordered data mode. Quota mode: none.'],
  [0.5, '[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mchronyd\x1b[0m.'],
  [2.2, '[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mcontainer engine\x1b[0m.'],
  [3.1, '[\x1b[0;32m  OK  \x1b[0m] Reached target \x1b[0;1;39mmulti-user.target\x1b[0m.'],
  [1.3, ''],
  [0.1, 'Reference OS 2.113.18 7a3f0c1 ttyS0'],
  [0.2, ''],
];

export function writeBoot(console: ExampleConsole, slot: 'A' | 'B', epochMilliseconds: number): void {
  let at = epochMilliseconds;
  for (const [seconds, line] of bootLines(slot)) {
    at += seconds * 1000;
    console.write(`${line}\r\n`, at);
  }
  console.write('7a3f0c1 login: ', at + 100);
}
