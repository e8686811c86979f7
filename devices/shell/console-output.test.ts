import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { noise, numbers } from './noise.ts';
import { pathOf, withTerminal, withTools, type ImageTools } from './on-terminal.ts';

/** Bytes that gzip can't shrink. */
function randomBytes(length: number, seed = 1): Buffer {
  const next = numbers(seed);
  return Buffer.from(Uint8Array.from({ length }, () => Math.floor(next() * 256)));
}

/** Printable text that shrinks by a quarter, and no more. */
function randomText(length: number): string {
  return `${randomBytes(length)
    .toString('base64')
    .slice(0, length - 1)}\n`;
}

/** One line of a kernel's after the other. */
function kernelLog(lines: number): string {
  return Array.from({ length: lines }, (_, line) => `[  ${line}.22] usb ${line % 7}-1: new high-speed device number ${line}\n`).join('');
}

const images: [name: string, tools: ImageTools][] = [
  ['dash', { sh: 'dash' }],
  ['bash as sh', { sh: 'bash' }],
  ['BusyBox', { sh: 'busybox' }],
  ['no gzip', { sh: 'dash', without: ['gzip'] }],
  ['no base64 and no cksum', { sh: 'dash', without: ['base64', 'cksum'] }],
  ['no base64, no cksum and no hexdump', { sh: 'dash', without: ['base64', 'cksum', 'hexdump'] }],
  ['a base64 of 76 columns', { sh: 'dash', instead: { base64: `[ "$1" = -w ] && exit 1; exec ${pathOf('base64')} "$@"` } }],
  ['a gzip that makes nonsense', { sh: 'dash', instead: { gzip: 'head -c 700 | tr a-z b-za' } }],
  ['a gzip that fails', { sh: 'dash', instead: { gzip: 'echo broken; exit 1' } }],
  ['a gzip that only packs', { sh: 'dash', instead: { gzip: `[ "$1" = -c ] && exec ${pathOf('gzip')} -c; exit 1` } }],
];

for (const [name, tools] of images) {
  const present = pathOf(tools.sh) !== undefined;
  const declare = present ? test.serial : test.serial.skip;
  declare(
    `${name}${present ? '' : `: ${tools.sh} isn’t on this host`}: output and files come whole, whatever they are made of`,
    withTools(tools, async (t, { shell, directory }) => {
      // Around a line, what is packed, a wide line, and some of those.
      for (const length of [1, 284, 285, 286, 1023, 1024, 1025, 2849, 2850, 2851, 3800, 5700, 5701, 20_000]) {
        const text = randomText(length);
        t.is((await shell.run('cat', { stdin: text, timeout: 60_000 })).stdout, text, `${length} bytes`);
      }
      const ascii = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('');
      t.is(await shell.check(`echo in # ${ascii}`), 'in', 'a request of every character');
      const log = kernelLog(400);
      const both = await shell.run('tee "$bw_d/both"; sed s/usb/USB/ "$bw_d/both" >&2; (exit 3)', { stdin: log, timeout: 60_000 });
      t.is(both.stdout, log);
      t.is(both.stderr, log.replaceAll('usb', 'USB'));
      t.is(both.exitCode, 3);
      const binary = Buffer.concat([randomBytes(9000), Buffer.alloc(5000), randomBytes(3)]);
      await writeFile(join(directory, 'there'), binary);
      await shell.upload(join(directory, 'there'), join(directory, 'on the device'));
      t.deepEqual(await readFile(join(directory, 'on the device')), binary);
      await shell.download(join(directory, 'on the device'), join(directory, 'back'));
      t.deepEqual(await readFile(join(directory, 'back')), binary);
    }),
  );
}

test.serial(
  'packed output through noise is the same, and so is stdin',
  withTerminal('dash -i', async (t, { shell, source, directory }) => {
    await shell.run('true');
    source.fromTerminal = noise(5, { everyLine: 3000, everyDrop: 4000 });
    source.toTerminal = noise(6, { everyLine: Infinity, everyDrop: 3000 });
    const binary = randomBytes(20_000);
    await writeFile(join(directory, 'there'), binary);
    await shell.upload(join(directory, 'there'), join(directory, 'on the device'));
    t.deepEqual(await readFile(join(directory, 'on the device')), binary);
    await shell.download(join(directory, 'on the device'), join(directory, 'back'));
    t.deepEqual(await readFile(join(directory, 'back')), binary);
    const log = kernelLog(2000);
    for (let round = 0; round < 4; round += 1) {
      const { stdout, stderr } = await shell.run('tee /dev/stderr', { stdin: log, timeout: 60_000 });
      t.is(stdout, log);
      t.is(stderr, log);
    }
  }),
);

test.serial(
  'a wide line that lost a byte is asked for again, and nothing else',
  withTerminal('dash -i', async (t, { shell, source }) => {
    const text = randomText(60_000);
    await shell.run('cat >"$bw_d/text"', { stdin: text, timeout: 60_000 });
    let seen = 0;
    let harmed = false;
    source.fromTerminal = (bytes) => {
      seen += bytes.length;
      const data = harmed ? -1 : bytes.indexOf(/\d+O7:/.exec(bytes.toString('latin1'))?.[0] ?? 'never');
      if (data === -1 || data + 40 > bytes.length) return bytes;
      harmed = true;
      return Buffer.concat([bytes.subarray(0, data + 30), bytes.subarray(data + 31)]);
    };
    t.is((await shell.run('cat "$bw_d/text"', { timeout: 60_000 })).stdout, text);
    t.true(harmed);
    t.true(seen < 66_000, `${seen} characters for 60,000`);
  }),
);

test.serial(
  'a packed stream with a changed character is asked for again as a whole',
  withTerminal('dash -i', async (t, { shell, source }) => {
    let harmed = false;
    source.fromTerminal = (bytes) => {
      const text = bytes.toString('latin1');
      const found = harmed ? null : /\d+[oO]1:.{20}/.exec(text);
      if (found === null) return bytes;
      harmed = true;
      const at = found.index + found[0].length - 1;
      return Buffer.from(`${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`, 'latin1');
    };
    const log = kernelLog(500);
    t.is((await shell.run('cat', { stdin: log, timeout: 60_000 })).stdout, log);
    t.true(harmed);
  }),
);

test.serial(
  'a background process that goes on writing changes nothing of what was said',
  withTerminal('dash -i', async (t, { shell }) => {
    const { stdout } = await shell.run('seq 1000; while sleep 0.01; do echo late; done & bw_test=$!', { timeout: 60_000 });
    t.true(stdout.startsWith(Array.from({ length: 1000 }, (_, index) => `${index + 1}\n`).join('')));
    await shell.run('kill $bw_test');
  }),
);
