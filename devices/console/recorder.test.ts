import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { AwaitedTooLong } from '../errors.ts';
import { ConsoleClosed, ConsoleDetached } from './errors.ts';
import { FakeSource, openFakeConsole } from './fake.ts';
import { ConsoleRecorder } from './recorder.ts';

async function temporary(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-recorder-'));
  try {
    await body(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A clock that stands until it is told the time. */
function clock() {
  const now = { time: 1_000_000 };
  return { now, read: () => now.time };
}

test('what arrived is in the file, byte for byte, before anybody else is told; its times are beside it', (t) =>
  temporary(async (directory) => {
    const { now, read } = clock();
    const console = await ConsoleRecorder.open({ device: 'a', directory, now: read });
    const source = new FakeSource();
    await console.attach(source);
    const bytes = Buffer.from([0xff, 0x00, 0x1b, 0x5b, 0x0d, 0xc3]);
    source.feed(bytes);
    t.is((await readFile(join(directory, 'console-a.log'))).toString('hex'), bytes.toString('hex'));
    now.time += 5;
    source.feed('later');
    const lines = (await readFile(join(directory, 'console-a.idx'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    t.deepEqual(lines, [
      { o: 0, t: 1_000_000, event: 'attached' },
      { o: 6, t: 1_000_005 },
    ]);
    const match = await console.expect('later', { from: 0, timeout: 1000 });
    t.is(match.at, 1_000_005);
    await console.close();
  }));

test('log, offsets and marks go on over sources that come and go', async (t) => {
  const { console, source, release } = await openFakeConsole();
  source.feed('one ');
  const waiting = console.expect('three', { timeout: 5000 });
  source.vanish();
  t.is((await source.closed).reason, 'vanished');
  t.false(console.attached);
  await t.throwsAsync(console.write('x'), { instanceOf: ConsoleDetached, message: /fake console went away/ });
  const second = new FakeSource('second');
  const { closed } = await console.attach(second);
  second.feed('two three');
  t.is((await waiting).offset, 8);
  await console.attach(new FakeSource('third'));
  t.is((await closed).reason, 'closed');
  second.feed('unheard');
  t.is(Buffer.from(await console.read()).toString(), 'one two three');
  await release();
});

test('a log that a killed process left is continued, its boots and faults too', (t) =>
  temporary(async (directory) => {
    const first = await ConsoleRecorder.open({ device: 'a', directory });
    const source = new FakeSource();
    await first.poweredOn();
    await first.attach(source);
    source.feed('SeaBIOS (version 1)\r\nWelcome to GRUB!\r\n[    0.000000] Linux version 6.1\r\n');
    await first.announceReset();
    source.feed('SeaBIOS (version 1)\r\n');
    source.feed('SeaBIOS (version 1)\r\n[    1.0] Kernel panic - not syncing: no init\r\n');
    const before = [await first.boots(), await first.faults()];
    await first.close();
    // The process died between log and index, in the middle of a line of the index.
    await appendFile(join(directory, 'console-a.log'), 'half');
    await appendFile(join(directory, 'console-a.idx'), '{"o":');
    const second = await ConsoleRecorder.open({ device: 'a', directory });
    t.deepEqual([await second.boots(), await second.faults()], before);
    t.deepEqual(
      (await second.faults()).map(({ kind }) => kind),
      ['unexpected-reset', 'panic'],
    );
    t.is(Buffer.from(await second.read({ from: (await second.mark()) - 4 })).toString(), 'half');
    const again = new FakeSource();
    await second.attach(again);
    again.feed(' and on');
    t.truthy(await second.expect('half and on', { from: 0, timeout: 1000 }));
    await second.close();
    // And if the log lost its end, its index is longer.
    await truncate(join(directory, 'console-a.log'), 10);
    const third = await ConsoleRecorder.open({ device: 'a', directory });
    t.is(await third.mark(), 10);
    await third.close();
  }));

test('SIGKILL loses nothing that arrived', (t) =>
  temporary(async (directory) => {
    const program = `
      import { ConsoleRecorder } from ${JSON.stringify(new URL('recorder.ts', import.meta.url).href)};
      import { FakeSource } from ${JSON.stringify(new URL('fake.ts', import.meta.url).href)};
      const console = await ConsoleRecorder.open({ device: 'a', directory: ${JSON.stringify(directory)} });
      const source = new FakeSource();
      await console.attach(source);
      for (let count = 0; count < 1000; count += 1) source.feed('line ' + count + '\\n');
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], { stdio: 'ignore' });
    const [, signal] = await once(child, 'exit');
    t.is(signal, 'SIGKILL');
    t.true((await readFile(join(directory, 'console-a.log'), 'utf8')).endsWith('line 999\n'));
  }));

test('a slow follower holds up neither the port nor the others, and gets every byte', async (t) => {
  const { console, source, release } = await openFakeConsole();
  const stop = new AbortController();
  const slow = console.follow({ from: 0, signal: stop.signal })[Symbol.asyncIterator]();
  source.feed('first');
  t.is(Buffer.from((await slow.next()).value?.bytes ?? []).toString(), 'first');
  const piece = Buffer.alloc(64 * 1024, 'x');
  for (let count = 0; count < 160; count += 1) source.feed(piece);
  source.feed('end\n');
  t.truthy(await console.expect('end\n', { from: 0, timeout: 60_000 }));
  let length = 5;
  for (let chunk = await slow.next(); ; chunk = await slow.next()) {
    length += chunk.value?.bytes.length ?? 0;
    if (length === 5 + 160 * piece.length + 4) break;
  }
  t.is(length, await console.mark());
  stop.abort();
  t.true((await slow.next()).done);
  await release();
});

test('ten megabytes in small pieces are searched, watched and recorded, and each byte is there', async (t) => {
  const { console, source, release } = await openFakeConsole();
  const line = Buffer.from(`[   12.345678] audit: type=1400 \u001B[31m${'y'.repeat(30)}\u001B[0m \u00FF\r\n`, 'latin1');
  const found = console.expect(/never\d+seen|the (end)/, { timeout: 60_000 });
  const count = Math.ceil((10 * 1024 * 1024) / line.length);
  for (let index = 0; index < count; index += 1) source.feed(line);
  source.feed('the end\r\n');
  t.deepEqual((await found).groups, ['end']);
  t.is(await console.mark(), count * line.length + 9);
  t.deepEqual(await console.faults(), []);
  await release();
});

test('a mark of the past is searched in the file, beyond what is kept in memory', async (t) => {
  const { console, source, release } = await openFakeConsole();
  source.feed('needle 1\r\n');
  const mark = await console.mark();
  source.feed('needle 2\r\n');
  source.feed(Buffer.alloc(3 * 1024 * 1024, 'x'));
  t.is((await console.expect(/needle \d/, { from: 0, timeout: 5000 })).text, 'needle 1');
  t.is((await console.expect(/needle \d/, { from: mark, timeout: 5000 })).text, 'needle 2');
  t.is(Buffer.from(await console.read({ from: 2, to: 8 })).toString(), 'edle 1');
  await t.throwsAsync(console.expect('x', { from: (await console.mark()) + 1, timeout: 10 }), { instanceOf: RangeError });
  await release();
});

test('an awaited line that doesn’t come: its error quotes the last ten lines, or the silence', async (t) => {
  const { console, source, release } = await openFakeConsole();
  const silence = await t.throwsAsync(console.expect('x', { timeout: 10 }), { instanceOf: AwaitedTooLong });
  t.regex(silence?.message ?? '', /“x” on the console of fake for 0\.0 s; seen instead: nothing at all/);
  const from = await console.mark();
  source.feed(Array.from({ length: 30 }, (_, index) => `\u001B[1mline ${index}\u001B[0m\r\n`).join(''));
  const error = await t.throwsAsync(console.expect(/x+/, { from, timeout: 10 }), { instanceOf: AwaitedTooLong });
  t.false(error?.message.includes('line 19'));
  t.true(error?.message.includes('line 20\n'));
  t.is(error?.blame, 'product');
  source.vanish();
  const detached = await t.throwsAsync(console.expect('x', { timeout: 10 }), { instanceOf: AwaitedTooLong });
  t.is(detached?.blame, 'infra');
  t.regex(detached?.message ?? '', /detached: fake console went away/);
  await release();
});

test('whoever waits is told when the console is closed', async (t) => {
  const { console, release } = await openFakeConsole();
  const waiting = t.throwsAsync(console.expect('x', { timeout: 60_000 }), { instanceOf: ConsoleClosed });
  await release();
  await waiting;
  await t.throwsAsync(console.attach(new FakeSource()), { instanceOf: ConsoleClosed });
});

test('a restored machine begins before the first mark that is taken of it, a boot after a silent one does not', (t) =>
  temporary(async (directory) => {
    const console = await ConsoleRecorder.open({ device: 'a', directory });
    await console.poweredOn();
    await console.attach(new FakeSource());
    const before = await console.mark();
    await console.poweredOn({ restored: true });
    t.deepEqual(
      (await console.boots()).map(({ stages }) => stages.map(({ name }) => name)),
      [[], ['restored']],
    );
    t.is((await console.boots({ from: before })).length, 1, 'a mark at the very beginning');
    const source = new FakeSource();
    await console.attach(source);
    source.feed('x');
    const mark = await console.mark();
    await console.poweredOn({ restored: true });
    t.is((await console.boots({ from: mark })).length, 0);
    await console.poweredOn();
    t.is((await console.boots({ from: mark })).length, 1);
    await console.close();
  }));
