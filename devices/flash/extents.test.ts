import test from 'ava';
import { behind, Cutter, widened } from './extents.ts';

test('extents are widened to whole sectors and joined where they touch', (t) => {
  const extents = [
    { start: 100, end: 4096 },
    { start: 5000, end: 6000 },
    { start: 20_000, end: 20_490 },
  ];
  t.deepEqual(widened(extents, 4096, 20_500), [
    { start: 0, end: 8192 },
    { start: 16_384, end: 20_500 },
  ]);
});

test('what lies behind a place begins there', (t) => {
  const extents = [
    { start: 0, end: 10 },
    { start: 20, end: 30 },
  ];
  t.deepEqual(behind(extents, 5), [
    { start: 5, end: 10 },
    { start: 20, end: 30 },
  ]);
  t.deepEqual(behind(extents, 10), [{ start: 20, end: 30 }]);
});

test('pieces of any size are cut down to the extents', (t) => {
  const extents = [
    { start: 3, end: 5 },
    { start: 7, end: 8 },
    { start: 15, end: 40 },
  ];
  for (const size of [1, 4, 7, 100]) {
    const cutter = new Cutter(extents);
    const cut: number[] = [];
    const starts: number[] = [];
    for (let start = 0; start < 50; start += size) {
      const bytes = Uint8Array.from({ length: Math.min(size, 50 - start) }, (_, index) => start + index);
      for (const part of cutter.cut({ start, bytes })) {
        starts.push(part.start);
        cut.push(...part.bytes);
        t.is(part.bytes[0], part.start);
      }
    }
    t.deepEqual(cut, [3, 4, 7, ...Array.from({ length: 25 }, (_, index) => 15 + index)], `pieces of ${size}`);
  }
});
