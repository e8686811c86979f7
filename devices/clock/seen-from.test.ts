import test from 'ava';
import { ClockUnavailable } from './errors.ts';
import { addressSeenFrom } from './seen-from.ts';

test('a host on the loopback sees this one there', async (t) => {
  t.is(await addressSeenFrom('127.0.0.1'), '127.0.0.1');
  t.is(await addressSeenFrom('localhost'), '127.0.0.1');
});

test('a name that nobody knows is told, and what to write instead', async (t) => {
  const error = await t.throwsAsync(addressSeenFrom('board.invalid'), {
    instanceOf: ClockUnavailable,
    message: /board\.invalid sees this bench/,
  });
  t.regex(error?.advice ?? '', /clock: \{ address/);
});

test('a host that speaks IPv6 only is told', async (t) => {
  await t.throwsAsync(addressSeenFrom('::1'), { instanceOf: ClockUnavailable });
});
