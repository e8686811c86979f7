import { readFile, truncate, writeFile } from 'node:fs/promises';
import test from 'ava';
import { makeScratch } from '../../qemu/disk/scratch.ts';
import type { Side } from '../storage/mux.ts';
import { StickFailed } from './errors.ts';
import { MadeSticks } from './made-sticks.ts';
import { MuxedPorts } from './muxed.ts';
import { sticksContract } from './sticks.contract.ts';

const mebibyte = 1024 * 1024;

/** A bench with some sticks behind multiplexers: to the bench each is a file, whichever side has it. */
async function bench({ places }: { places: number }) {
  const scratch = await makeScratch();
  const doubles = Array.from({ length: places }, (_, index) => ({ side: 'board' as Side, disk: scratch.path(`stick-${index}`) }));
  for (const { disk } of doubles) {
    await writeFile(disk, Buffer.alloc(mebibyte, 0xff));
    await truncate(disk, 40 * mebibyte);
  }
  const ports = new MuxedPorts(
    doubles.map((double, index) => ({
      what: `pi’s stick ${index + 1}`,
      disk: double.disk,
      rules: {},
      mux: {
        name: `mux ${index + 1}`,
        async give(side) {
          double.side = side;
        },
        read: async () => double.side,
      },
    })),
  );
  const sticks = new MadeSticks(scratch.path('made'), ports);
  await sticks.clear();
  return {
    sticks,
    doubles,
    plugged: async () => doubles.filter(({ side }) => side === 'board').length,
    release: async () => {
      await sticks.release();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

sticksContract(test, 'muxed', () => bench({ places: 2 }));

/** What a board writes: these bytes of the raw stick. */
async function writeAsBoard(disk: string, from: string, to: string): Promise<void> {
  const bytes = await readFile(disk);
  const at = bytes.indexOf(from);
  if (at < 0) throw new RangeError(`${from} isn't on the stick`);
  bytes.write(to, at);
  await writeFile(disk, bytes);
}

test('what the board wrote is in the image after the pull, also when another stick took the place meanwhile', async (t) => {
  const { sticks, doubles, release } = await bench({ places: 1 });
  t.teardown(release);
  const disk = doubles[0]?.disk ?? '';
  const one = await sticks.create({ filesystem: 'vfat', files: { note: 'by the bench' } });
  await one.insert();
  await writeAsBoard(disk, 'by the bench', 'by the board');
  await t.throwsAsync(one.readFile('note'), { instanceOf: StickFailed, message: /with the board/ });
  await one.pull();
  t.is(Buffer.from(await one.readFile('note')).toString(), 'by the board');

  await one.insert();
  await writeAsBoard(disk, 'by the board', 'written again');
  await one.pull();
  const other = await sticks.create({ filesystem: 'ext4', files: { another: 'stick' } });
  await other.insert();
  t.is(Buffer.from(await one.readFile('note')).toString(), 'written agai');
  await other.pull();
  await one.insert();
  t.true((await readFile(disk)).includes('written agai'));
});

test('more than there are places for can’t be in at once', async (t) => {
  const { sticks, plugged, release } = await bench({ places: 1 });
  t.teardown(release);
  const [one, other] = [await sticks.create({ filesystem: 'vfat' }), await sticks.create({ filesystem: 'vfat' })];
  t.is(sticks.atOnce, 1);
  await one.insert();
  await t.throwsAsync(other.insert(), { instanceOf: StickFailed, message: /all are in/ });
  t.is(await plugged(), 1);
});

test('a stick that somebody left with the board is taken from it', async (t) => {
  const { sticks, doubles, plugged, release } = await bench({ places: 2 });
  t.teardown(release);
  for (const double of doubles) double.side = 'board';
  await sticks.clear();
  t.is(await plugged(), 0);
});
