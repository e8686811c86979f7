import test from 'ava';
import { stagesOf } from './timeline.ts';

const seen = (...stages: [name: 'firmware' | 'loader' | 'kernel' | 'init' | 'login', at: number][]) => ({
  startedAt: 1_000,
  offset: 0,
  stages: stages.map(([name, at]) => ({ name, at, offset: at })),
});

test('each stage lasts until the next one is seen, the last one until the first answer', (t) => {
  t.deepEqual(stagesOf(seen(['firmware', 1_000], ['loader', 1_600], ['kernel', 10_900], ['init', 12_700], ['login', 19_800]), 21_200), [
    { name: 'firmware', seconds: 0.6 },
    { name: 'loader', seconds: 9.3 },
    { name: 'kernel', seconds: 1.8 },
    { name: 'init', seconds: 7.1 },
    { name: 'ssh', seconds: 1.4 },
  ]);
});

test('an answer before the login prompt ends the stage that it came in', (t) => {
  t.deepEqual(stagesOf(seen(['kernel', 1_000], ['init', 3_000]), 10_000), [
    { name: 'kernel', seconds: 2 },
    { name: 'init', seconds: 7 },
  ]);
});

test('a boot that nobody waited for ends at its login prompt', (t) => {
  t.deepEqual(stagesOf(seen(['kernel', 1_000], ['init', 3_000], ['login', 5_000]), undefined), [
    { name: 'kernel', seconds: 2 },
    { name: 'init', seconds: 2 },
  ]);
  t.deepEqual(stagesOf(seen(), 5_000), []);
});
