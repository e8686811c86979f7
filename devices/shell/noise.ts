/** The same numbers at each run, from 0 up to 1: xorshift32. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const kernelLines = [
  '[   41.220931] usb 1-1: new high-speed USB device number 2 using xhci_hcd\r\n',
  '\u001B[0;32m  OK  \u001B[0m Reached target \u001B[0;1;39mMulti-User System\u001B[0m.\r\n',
  '[ 3.1] \u00FF\u00FE\u0000 garbage;x1:2:3:4:5:6:7:8;\r\n',
  'board login: ; no\r\n',
];

/** Puts kernel lines into the bytes, on average one in so many bytes, and drops single ones. */
export function noise(seed: number, { everyLine, everyDrop }: { everyLine: number; everyDrop: number }): (bytes: Buffer) => Buffer {
  const next = numbers(seed);
  return (bytes) => {
    const out: Buffer[] = [];
    for (const byte of bytes) {
      if (next() < 1 / everyLine) out.push(Buffer.from(kernelLines[Math.floor(next() * kernelLines.length)] ?? '', 'latin1'));
      if (next() >= 1 / everyDrop) out.push(Buffer.from([byte]));
    }
    return Buffer.concat(out);
  };
}
