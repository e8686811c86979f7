import { readFile, writeFile } from 'node:fs/promises';
import test from 'ava';
import { makeScratch, type Scratch } from '../../qemu/disk/scratch.ts';
import { AwaitedTooLong } from '../errors.ts';
import { specimen, specimenBytes } from '../flash/specimen.ts';
import { Card } from './card.ts';
import { CardHalfWritten } from './errors.ts';
import type { Mux, Side } from './mux.ts';
import { writtenNote } from './written-note.ts';

const { disk } = specimen();

/** A card that only the side that has it can see: for the bench it is a file. */
async function slot(scratch: Scratch, mux: Partial<Mux> & { stuck?: boolean } = {}) {
  const double = { side: 'board' as Side, turns: [] as Side[] };
  const path = scratch.path('card');
  const note = writtenNote(path, scratch.path('notes'));
  await writeFile(path, Buffer.alloc(specimenBytes, 0xff));
  const card = new Card({
    device: 'pi',
    mux: {
      name: 'the mux',
      async give(side) {
        double.turns.push(side);
        if (mux.stuck !== true) double.side = side;
      },
      read: async () => double.side,
      ...mux,
    },
    disk: path,
    rules: {},
    budgets: { mux: 300, arrival: 300 },
    note,
  });
  return { card, double, path, note, image: await scratch.write('image', disk) };
}

test('a card is taken, written and given back; the board that has it already keeps it', async (t) => {
  await using scratch = await makeScratch();
  const { card, double, path, note, image } = await slot(scratch);
  await card.write(image);
  t.true(disk.equals(await readFile(path)));
  t.deepEqual(double.turns, ['bench', 'board']);
  t.is(await note.read(), undefined);
  await card.insert();
  t.deepEqual(double.turns, ['bench', 'board']);
});

test('a card that was left with the bench is given to the board', async (t) => {
  await using scratch = await makeScratch();
  const { card, double } = await slot(scratch);
  double.side = 'bench';
  await card.insert();
  t.deepEqual(double.turns, ['board']);
});

test('a write that fails leaves a card that no board gets until it is written anew', async (t) => {
  await using scratch = await makeScratch();
  const { card, double, note, image } = await slot(scratch);
  const stop = new AbortController();
  const reason = new Error('asked to stop');
  const short = await scratch.write('short.img.gz', Buffer.from('1f8b0800000000000003', 'hex'));
  await t.throwsAsync(card.write(short));
  t.is(double.side, 'bench');
  const error = await t.throwsAsync(card.insert(), { instanceOf: CardHalfWritten });
  t.regex(error.message, new RegExp(`^pi’s card .*card was being written by process ${process.pid} of 20`));
  t.is(error.blame, 'infra');
  t.is(double.side, 'bench');
  stop.abort(reason);
  await t.throwsAsync(card.write(image, { signal: stop.signal }), { is: reason });
  t.truthy(await note.read(), 'whoever was before isn’t forgotten');
  await card.write(image);
  await card.insert();
  t.is(double.side, 'board');
});

test('a note that can’t be read is one all the same', async (t) => {
  await using scratch = await makeScratch();
  const { card, note, path } = await slot(scratch);
  await note.put({ device: 'pi', pid: 1, since: new Date().toISOString() });
  await writeFile(`${scratch.path('notes')}/cards/${encodeURIComponent(path)}.json`, '{"dev');
  await t.throwsAsync(card.insert(), { instanceOf: CardHalfWritten, message: /was being written, and that didn’t come to its end$/ });
});

test('a multiplexer that doesn’t follow, and a card that doesn’t appear, are told; nothing is written', async (t) => {
  await using scratch = await makeScratch();
  const stuck = await slot(scratch, { stuck: true });
  await t.throwsAsync(stuck.card.write(stuck.image), {
    instanceOf: AwaitedTooLong,
    message: /the mux to give pi’s card to the bench .*it says that it is with the board/,
  });
  t.true((await readFile(stuck.path)).every((byte) => byte === 0xff));
  t.is(await stuck.note.read(), undefined);
  const empty = new Card({
    device: 'pi',
    mux: { name: 'the mux', give: async () => undefined },
    disk: '/dev/no-such-card',
    rules: {},
    budgets: { mux: 300, arrival: 300 },
    note: writtenNote('none', scratch.path('notes')),
  });
  await t.throwsAsync(empty.write(stuck.image), {
    instanceOf: AwaitedTooLong,
    message: /pi’s card to appear as \/dev\/no-such-card .*ENOENT/,
  });
});
