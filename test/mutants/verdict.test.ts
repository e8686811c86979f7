import test from 'ava';
import type { Event } from '../../reports/index.ts';
import type { Batch } from './batches.ts';
import { judge } from './verdict.ts';

const batch: Batch = {
  name: 'tmp-1',
  suite: 'tmp',
  mutants: [{ promise: 'tmp.survives-power-cut', name: 'wiped', how: 'Wiped.', apply: 'true' }],
  control: 'tmp.data-is-private',
};

const stamp = { seq: 1, at: '2026-11-22T00:00:00.000Z', t: 0 };
const planned: Event = {
  ...stamp,
  type: 'tests-planned',
  tests: [
    { test: 'tmp/claim', suite: 'tmp', title: 'claim', file: 'tmp.suite.ts', line: 1, promises: ['tmp.survives-power-cut'] },
    { test: 'tmp/control', suite: 'tmp', title: 'control', file: 'tmp.suite.ts', line: 2, promises: ['tmp.data-is-private'] },
  ],
};
type Finished = Extract<Event, { type: 'test-finished' }>;
const finished = (name: 'claim' | 'control', rest: Pick<Finished, 'outcome' | 'cause' | 'error' | 'reason'>): Event => ({
  ...stamp,
  type: 'test-finished',
  test: `tmp/${name}`,
  attempt: 1,
  seconds: 1,
  deviceSeconds: 1,
  attachments: [],
  ...rest,
});
const inTheTest = { message: 'expect(received).toBe(expected)', stack: 'Error: …\n    at suites/tmp.suite.ts:7:5', evidence: [] };
const inAFixture = { message: 'awaited app tmp as described', stack: 'ServiceNeverRan: …\n    at suites/services.ts:12:5', evidence: [] };
const sound = finished('control', { outcome: 'pass' });
const verdictOf = (...events: Event[]) => judge(batch, [planned, ...events])[0];

test('a claiming test that fails by the product kills', (t) => {
  const verdict = verdictOf(finished('claim', { outcome: 'fail', cause: 'product', error: inTheTest }), sound);
  t.like(verdict, { mutant: 'tmp.survives-power-cut/wiped', verdict: 'killed', test: 'claim' });
});

test('a claiming test that passes lets it survive', (t) => {
  t.like(verdictOf(finished('claim', { outcome: 'pass' }), sound), { verdict: 'survived' });
});

for (const [what, events] of [
  ['an error of the test', [finished('claim', { outcome: 'error', cause: 'test', error: inTheTest }), sound]],
  ['a skip', [finished('claim', { outcome: 'skip', reason: 'no slots' }), sound]],
  ['a test that never ended', [sound]],
  ['an app that was never deployed', [finished('claim', { outcome: 'fail', cause: 'product', error: inAFixture }), sound]],
  [
    'a control that fails',
    [
      finished('claim', { outcome: 'fail', cause: 'product', error: inTheTest }),
      finished('control', { outcome: 'fail', cause: 'product', error: inTheTest }),
    ],
  ],
  ['a control that never ran', [finished('claim', { outcome: 'fail', cause: 'product', error: inTheTest })]],
] as const) {
  test(`${what} decides nothing`, (t) => {
    t.like(verdictOf(...events), { verdict: 'undecided' });
  });
}

test('a mutant that could not be made decides nothing, whatever its test did', (t) => {
  const unfit = new Map([['tmp.survives-power-cut/wiped', 'its change failed: exit code 1']]);
  const events = [planned, finished('claim', { outcome: 'fail', cause: 'product', error: inTheTest }), sound];
  t.like(judge(batch, events, unfit)[0], { verdict: 'undecided', reason: 'its change failed: exit code 1' });
});
