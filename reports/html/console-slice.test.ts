import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ExampleLog } from '../example-run/clock.ts';
import { runStarted, testFinished, testStarted } from '../example-run/events.ts';
import { recordRun } from '../run/run-record.ts';
import { AnsiPainter } from './ansi.ts';
import { readConsoles, type ConsoleSlice } from './console-slice.ts';

const scratch = mkdtempSync(join(tmpdir(), 'boardwalk-console-'));
test.after.always(() => rmSync(scratch, { recursive: true, force: true }));
let directories = 0;

/** The slice [from, to) of a console with these bytes and this index. */
async function slice(
  log: string | Buffer | undefined,
  index: string | undefined,
  from: number,
  to: number,
): Promise<ConsoleSlice | string | undefined> {
  const directory = mkdtempSync(join(scratch, `${(directories += 1)}-`));
  if (log !== undefined) writeFileSync(join(directory, 'console-qemu-1.log'), log);
  if (index !== undefined) writeFileSync(join(directory, 'console-qemu-1.idx'), index);
  const run = recordRun(
    new ExampleLog()
      .add(runStarted())
      .add(testStarted('t', ['tmp.gone']))
      .add(testFinished('t', 'pass', { console: { device: 'qemu-1', from, to } })).events,
  );
  return [...(await readConsoles(run, directory)).values()][0];
}

test('lines carry their byte offset and the arrival of the chunk that holds their first byte', async (t) => {
  const index = '{"o":0,"t":1000}\n{"o":4,"t":2000}\n{"o":9,"t":3000}\n';
  t.deepEqual(await slice('aé\r\nbb\r\r\ncc\rdd', index, 0, 99), {
    device: 'qemu-1',
    lines: [
      { offset: 0, at: 1000, text: 'aé' },
      { offset: 5, at: 2000, text: 'bb' },
      { offset: 10, at: 3000, text: 'cc' },
      { offset: 13, at: 3000, text: 'dd' },
    ],
    events: [],
    cut: undefined,
  });
});

test('what the bench did meanwhile is told with its time, and does not disturb the times of lines', async (t) => {
  const index =
    '{"o":0,"t":1000,"event":"power-on"}\n{"o":0,"t":1500}\n{"o":4,"t":1900,"event":"reset-announced"}\n{"o":4,"t":2000}\n{"o":8,"t":9000,"event":"detached"}\n';
  t.like(await slice('one\ntwo\n', index, 4, 8), {
    lines: [{ offset: 4, at: 2000, text: 'two' }],
    events: [
      { at: 1900, event: 'reset-announced' },
      { at: 9000, event: 'detached' },
    ],
  });
});

test('a slice begins in the middle of the log; empty lines stay', async (t) => {
  t.like(await slice('one\n\ntwo\nthree', '{"o":0,"t":5}\n', 4, 9), {
    lines: [
      { offset: 4, at: 5, text: '' },
      { offset: 5, at: 5, text: 'two' },
    ],
  });
});

test('without an index lines have no times; a torn line of the index is passed over', async (t) => {
  t.like(await slice('one\n', undefined, 0, 4), { lines: [{ offset: 0, at: undefined, text: 'one' }] });
  t.like(await slice('one\ntwo\n', '{"o":0,"t":5}\n{"o":2,\n{"o":4,"t":7}\n{"o"', 0, 8), { lines: [{ at: 5 }, { at: 7 }] });
});

test('a missing log is a sentence, an empty or over-long range what there is', async (t) => {
  t.regex(JSON.stringify(await slice(undefined, undefined, 0, 4)), /^"The console log can't be read: ENOENT/);
  t.like(await slice('one\n', undefined, 4, 4), { lines: [] });
  t.like(await slice('one\n', undefined, 100, 200), { lines: [] });
});

test('a slice over 200 kB loses its middle and says how much', async (t) => {
  const log = Buffer.alloc(1_000_000, 'x');
  for (let at = 99; at < log.length; at += 100) log[at] = 0x0a;
  const cut = await slice(log, '{"o":0,"t":5}\n', 0, log.length);
  t.like(cut, { cut: { before: 500, bytes: 800_000 } });
  t.deepEqual(typeof cut === 'object' && [cut.lines.length, cut.lines[500]?.offset, cut.lines.at(-1)?.offset], [2000, 850_000, 999_900]);
});

test('ANSI: colours become names of ours, everything else is dropped or made visible', (t) => {
  const painter = new AnsiPainter();
  t.deepEqual(painter.paint('\x1b[0;32m  OK  \x1b[0m] \x1b[0;1;39mchronyd\x1b[0m.'), [
    { text: '  OK  ', look: 'green' },
    { text: '] ', look: '' },
    { text: 'chronyd', look: 'bold' },
    { text: '.', look: '' },
  ]);
  t.deepEqual(painter.paint('\x1b]0;title\x07\x1b[2J\x1b[38;5;31mpalette\x1b[48;2;31;32;33mtrue\x1b[91mred'), [
    { text: 'palette', look: '' },
    { text: 'true', look: '' },
    { text: 'red', look: 'red' },
  ]);
  t.deepEqual(painter.paint('still\0\x1b[m'), [{ text: 'still\ufffd', look: 'red' }]);
  t.deepEqual(painter.paint('\x1b[999;1m\x1b[22;2mfaint'), [{ text: 'faint', look: 'faint' }]);
});
