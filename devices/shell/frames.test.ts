import { execFileSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { cksum } from './checksum.ts';
import { FramedStream, selection, unpack } from './framed-output.ts';
import { FrameReader, percentB, sumOf, type Frame } from './frames.ts';

const nonce = 'NNHKQZTNOG';

function end(id: number, exitCode: number, out: Buffer): string {
  const numbers = [id, 9, exitCode, 0, out.length, cksum(out), 0, 0];
  return `${nonce}x${numbers.join(':')}:${sumOf(numbers)};\r\n`;
}

/** Three lines of four bytes, two, and the end, as a terminal shows them. */
const output = Buffer.from('abcdefghij');
const recorded = Buffer.from(
  [
    'root@board:~# \r\n',
    `${nonce}5o1:${Buffer.from('abcd').toString('base64')};\r\n`,
    `${nonce}5o2:${Buffer.from('efgh').toString('base64')};\r\n`,
    `${nonce}5o3:${Buffer.from('ij').toString('base64')};\r\n`,
    end(5, 3, output),
  ].join(''),
);

function read(pieces: Iterable<Uint8Array>): Frame[] {
  const reader = new FrameReader(nonce);
  return [...pieces].flatMap((piece) => [...reader.read(piece)]);
}

const original = read([recorded]);

test('frames are found in pieces of any size', (t) => {
  t.is(original.length, 4);
  for (let size = 1; size < recorded.length; size += 1) {
    const pieces = Array.from({ length: Math.ceil(recorded.length / size) }, (_, index) =>
      recorded.subarray(index * size, (index + 1) * size),
    );
    t.deepEqual(read(pieces), original, `pieces of ${size}`);
  }
});

const intruders = [
  '[   41.220931] usb 1-1: new high-speed USB device number 2\r\n',
  '\r\n',
  '\u001B[0;32m  OK  \u001B[0m Started.\r\n',
  '1\r\n',
  ';\r\n',
  Buffer.from([0xff, 0x00, 0xc3]).toString('latin1'),
];

/** What a frame says, or for a line of data that isn't as long as the one that was said: nothing, as whoever assembles it sees. */
function said(frame: Frame): string | undefined {
  if (frame.kind === 'data') {
    const whole = original.find((one) => one.kind === 'data' && one.id === frame.id && one.line === frame.line);
    if (whole?.kind === 'data' && whole.data.length !== frame.data.length) return undefined;
  }
  return JSON.stringify(frame);
}

test('whatever lands at whatever place, no frame is changed: those that are found are the ones that were said', (t) => {
  const originals = new Set(original.map(said));
  for (const intruder of intruders) {
    for (let position = 0; position <= recorded.length; position += 1) {
      const noisy = Buffer.concat([recorded.subarray(0, position), Buffer.from(intruder, 'latin1'), recorded.subarray(position)]);
      const found = read([noisy])
        .map(said)
        .filter((frame) => frame !== undefined);
      t.deepEqual(
        found.filter((frame) => !originals.has(frame)),
        [],
        `${intruder} at ${position}`,
      );
      t.true(new Set(found).size >= 3, `${intruder} at ${position}: one place harms one frame`);
    }
  }
});

test('a byte that is lost or changed is noticed, at the latest by the checksum of the whole', (t) => {
  for (let position = 0; position < recorded.length; position += 1) {
    for (const put of ['', 'Q', '7', ';', '\n']) {
      const noisy = Buffer.concat([recorded.subarray(0, position), Buffer.from(put), recorded.subarray(position + 1)]);
      const stream = new FramedStream({ encoding: 'base64', bytesPerLine: 4, tool: 'cksum' });
      for (const frame of read([noisy])) {
        if (frame.kind === 'data' && frame.id === 5) stream.add(frame);
        if (frame.kind !== 'end') continue;
        t.is(frame.exitCode, 3);
        const { bytes } = stream.assemble(frame.streams.o);
        if (bytes !== undefined) t.is(bytes.toString(), output.toString(), `“${put}” at ${position}`);
      }
    }
  }
});

test('what is missing is asked for by lines, and put where it belongs', (t) => {
  const stream = new FramedStream({ encoding: 'base64', bytesPerLine: 4, tool: 'cksum' });
  const length = { length: output.length, checksum: cksum(output) };
  t.like(stream.assemble(length), { missing: '1,3p;', count: 3 });
  const [first, second, third] = original.filter((frame) => frame.kind === 'data');
  if (third !== undefined) stream.add(third);
  if (first !== undefined) stream.add(first);
  t.like(stream.assemble(length), { missing: '2p;', count: 1 });
  if (second !== undefined) stream.add(second);
  t.is(stream.assemble(length).bytes?.toString(), 'abcdefghij');
});

test('a wide line is ten lines, or as many as there are; one that lost a byte is none', (t) => {
  const bytes = Buffer.from('abcdefghijklmnopqrstuvwxyz');
  const whole = { length: bytes.length, checksum: cksum(bytes) };
  const wide = (line: number, from: number, to: number) =>
    ({ kind: 'data', id: 5, stream: 'o', wide: true, line, data: bytes.subarray(from, to).toString('base64') }) as const;
  const stream = new FramedStream({ encoding: 'base64', bytesPerLine: 2, tool: 'cksum' });
  stream.add(wide(1, 0, 19));
  stream.add(wide(2, 20, 26));
  t.like(stream.assemble(whole), { missing: '1,10p;', count: 10 });
  stream.add(wide(1, 0, 20));
  t.is(stream.assemble(whole).bytes?.toString(), bytes.toString());
});

test('what was packed is unpacked, or known not to be whole', async (t) => {
  const packed = gzipSync('a kernel’s log');
  t.is((await unpack(packed))?.toString(), 'a kernel’s log');
  for (let position = 10; position < packed.length; position += 1) {
    const harmed = Buffer.from(packed);
    harmed[position] = (harmed[position] ?? 0) ^ 4;
    t.is(await unpack(harmed), undefined, `byte ${position}`);
  }
  t.is(await unpack(packed.subarray(0, -1)), undefined);
});

test('a selection fits one line of a terminal', (t) => {
  t.is(selection([1, 2, 3, 7, 9, 10]), '1,3p;7p;9,10p;');
  t.true(selection(Array.from({ length: 5000 }, (_, index) => index * 2)).length <= 600);
});

test('the checksum is that of POSIX cksum', (t) => {
  for (const text of ['', 'a', '123456789', 'x'.repeat(1000)]) {
    const [expected] = execFileSync('cksum', { input: text }).toString().split(' ');
    t.is(cksum(Buffer.from(text)), Number(expected));
  }
});

test('printf %b gives the bytes back', (t) => {
  const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, index) => index));
  const back = execFileSync('sh', ['-c', `printf '%b' '${percentB(bytes)}'`]);
  t.is(back.toString('hex'), bytes.toString('hex'));
});
