import test from 'ava';
import { Freshness, type FreshUnit } from './freshness.ts';

/** A device that is made fresh in no time, and which beginnings made it so. */
function freshness(unit: FreshUnit, dirt: string[] = []) {
  const made: number[] = [];
  const subject = new Freshness({
    unit,
    dirt,
    async make() {
      dirt.length = 0;
      return { boots: [] };
    },
    onFresh: () => void made.push(made.length + 1),
  });
  const begin = (suite: string, ...tests: string[]) => Promise.all(tests.map((each) => subject.begin({ suite, test: each })));
  return { begin, made, dirt };
}

test('each suite begins on a fresh device but the first, whose device is fresh already', async (t) => {
  const { begin, made } = freshness('suite');
  t.deepEqual(await begin('dbus', 'a', 'b', 'c'), [0, 0, 0]);
  t.deepEqual(await begin('tmp', 'd', 'd', 'e'), [1, 1, 1], 'a worker that follows a failed one begins the same suite');
  t.deepEqual(await begin('dbus', 'a'), [2]);
  t.is(made.length, 2);
});

test('each test, and each further attempt at one, begins on a fresh device', async (t) => {
  const { begin } = freshness('test');
  t.deepEqual(await begin('dbus', 'a#0', 'a#0', 'a#1', 'b#0'), [0, 0, 1, 2]);
});

test('one device for the run, unless a suite left it dirty', async (t) => {
  const { begin, dirt, made } = freshness('run');
  await begin('rollback', 'a');
  dirt.push('both slots were written');
  t.deepEqual(await begin('rollback', 'b'), [0], 'its own dirt is a suite’s own affair');
  t.deepEqual(await begin('storage', 'c'), [1]);
  t.deepEqual(await begin('time', 'd'), [1]);
  t.is(made.length, 1);
});
