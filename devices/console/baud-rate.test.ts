import test from 'ava';
import { isRate } from './baud-rate.ts';

test('a rate that an adapter’s divider makes of it is the one that was asked for, another isn’t', (t) => {
  t.true(isRate(115_200, 115_200));
  t.true(isRate(115_200, 115_384));
  t.true(isRate(921_600, 923_076));
  t.false(isRate(4_000_000, 9600));
  t.false(isRate(115_200, 128_000));
});
