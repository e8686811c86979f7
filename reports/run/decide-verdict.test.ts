import test from 'ava';
import { ExampleLog } from '../example-run/clock.ts';
import { fault, harnessError, promise, runStarted, testFinished, testStarted } from '../example-run/events.ts';
import type { Cause, Event, NewEvent, Outcome } from '../event-log/event.ts';
import { decideVerdict } from './decide-verdict.ts';

const log = (...events: NewEvent[]): Event[] => {
  const example = new ExampleLog();
  for (const event of events) example.add(event, 1);
  return example.events;
};
const selection = { promises: [promise('tmp.gone'), promise('tmp.kept')], suites: ['tmp'] };
const begin = runStarted(selection);
const grepped = (grep: string): NewEvent => runStarted({ ...selection, grep });
const held = (...ids: string[]): NewEvent[] => ids.flatMap((id) => [testStarted(id, [id]), testFinished(id, 'pass')]);
const interrupted: NewEvent = { type: 'run-interrupted', signal: 'SIGINT' };
const planned = (...ids: string[]): NewEvent => ({
  type: 'tests-planned',
  tests: ids.map((id) => ({ test: id, suite: 'tmp', title: id, file: 'suites/tmp.suite.ts', line: 3, promises: [id] })),
});
const both = held('tmp.gone', 'tmp.kept');
const brokenGone = [testStarted('tmp.gone', ['tmp.gone']), testFinished('tmp.gone', 'fail')];

const promisingNothing = runStarted({ promises: [], suites: ['bringup'] });
const ended = (outcome: Outcome) => (id: string) => [testStarted(id, []), testFinished(id, outcome)];
const [passed, failed, skipped] = [ended('pass'), ended('fail'), ended('skip')];

const cases: [what: string, events: NewEvent[], verdict: string, exitCode: number, reason: RegExp][] = [
  ['nothing at all', [], 'inconclusive', 3, /no promise was asked for/],
  ['a start and no test', [begin], 'inconclusive', 3, /2 promises undecided: tmp\.gone, tmp\.kept/],
  ['every promise held', [begin, ...both], 'pass', 0, /2 promises held$/],
  [
    'a skip for a stated capability',
    [begin, ...held('tmp.gone'), testStarted('k', ['tmp.kept']), testFinished('k', 'skip')],
    'pass',
    0,
    /1 promise held, 1 skipped/,
  ],
  [
    'nothing but skips',
    [begin, testStarted('a', ['tmp.kept', 'tmp.gone']), testFinished('a', 'skip')],
    'inconclusive',
    3,
    /every promise was skipped/,
  ],
  ['one promise without a test', [begin, ...held('tmp.gone')], 'inconclusive', 3, /1 promise undecided: tmp\.kept/],
  ['a planned test that never started', [begin, planned('tmp.gone', 'tmp.kept'), ...held('tmp.gone')], 'inconclusive', 3, /tmp\.kept/],
  ['a test that never ended', [begin, ...both, testStarted('x', ['tmp.gone'])], 'inconclusive', 3, /tmp\.gone/],
  ['a broken promise', [begin, ...held('tmp.kept'), ...brokenGone], 'fail', 1, /1 promise broken: tmp\.gone/],
  [
    'broken, then passing on the retry: the first attempt decides',
    [
      begin,
      ...held('tmp.kept'),
      ...brokenGone,
      testStarted('tmp.gone', ['tmp.gone'], { attempt: 2 }),
      testFinished('tmp.gone', 'pass', { attempt: 2 }),
    ],
    'fail',
    1,
    /tmp\.gone/,
  ],
  [
    'passing, then broken on a repetition: the first attempt decides',
    [begin, ...both, testStarted('tmp.gone', ['tmp.gone'], { attempt: 2 }), testFinished('tmp.gone', 'fail', { attempt: 2 })],
    'pass',
    0,
    /2 promises held/,
  ],
  [
    'a second finish of the same attempt doesn’t overwrite the first',
    [begin, ...held('tmp.kept'), ...brokenGone, testFinished('tmp.gone', 'pass')],
    'fail',
    1,
    /tmp\.gone/,
  ],
  [
    'one of two tests of a promise fails: the worst wins',
    [begin, ...both, testStarted('again', ['tmp.gone']), testFinished('again', 'fail')],
    'fail',
    1,
    /tmp\.gone/,
  ],
  [
    'a test without a promise fails',
    [begin, ...both, testStarted('loose', []), testFinished('loose', 'fail')],
    'fail',
    1,
    /1 test failed: loose title/,
  ],
  [
    'a test without a promise errs by the infrastructure',
    [begin, ...both, testStarted('loose', []), testFinished('loose', 'error', { cause: 'infra' })],
    'inconclusive',
    3,
    /1 test undecided: loose title/,
  ],
  ['a test without a promise is skipped', [begin, ...both, testStarted('loose', []), testFinished('loose', 'skip')], 'pass', 0, /held/],
  ['interrupted', [begin, ...held('tmp.gone'), interrupted], 'interrupted', 130, /interrupted by SIGINT$/],
  ['interrupted when all had held', [begin, ...both, interrupted], 'interrupted', 130, /SIGINT/],
  ['interrupted after a failure', [begin, ...brokenGone, interrupted], 'interrupted', 130, /until then 1 promise broken/],
  ['a usage error', [begin, harnessError('usage', 'there is no suite “stroage”')], 'inconclusive', 2, /stroage/],
  ['our own mistake', [begin, ...both, harnessError('harness')], 'inconclusive', 70, /the bench went wrong/],
  ['usage before our own mistake', [begin, harnessError('harness'), harnessError('usage')], 'inconclusive', 2, /bench/],
  ['infrastructure', [begin, ...both, harnessError('infra', 'the disk is full')], 'inconclusive', 3, /the disk is full/],
  ['a bench error nobody can place', [begin, ...both, harnessError('unknown')], 'inconclusive', 3, /bench/],
  ['a mistake in a suite', [begin, ...both, harnessError('test')], 'inconclusive', 3, /bench/],
  ['a board that never booted', [begin, harnessError('product', 'no login within 90 s')], 'fail', 1, /no login/],
  ['a failure, then our own mistake: the failure stands', [begin, ...brokenGone, harnessError('harness')], 'fail', 1, /tmp\.gone/],
  ['a failure, then a usage error', [begin, ...brokenGone, harnessError('usage')], 'fail', 1, /tmp\.gone/],
  ['an expected panic', [begin, ...both, fault({ expected: true })], 'pass', 0, /held/],
  ['an unexpected panic when all held', [begin, ...both, fault()], 'fail', 1, /unexpected panic on the console of qemu-1: Kernel panic/],
  ['an unexpected reset', [begin, ...both, fault({ kind: 'unexpected-reset' })], 'fail', 1, /unexpected-reset/],
  ['a brown-out is the supply’s', [begin, ...both, fault({ kind: 'brown-out' })], 'inconclusive', 3, /brown-out/],
  [
    'under --grep the promises that nobody chose are not missed',
    [grepped('gone'), planned('tmp.gone'), ...held('tmp.gone')],
    'pass',
    0,
    /1 promise held/,
  ],
  ['under --grep a chosen test that never ran is', [grepped('gone'), planned('tmp.gone')], 'inconclusive', 3, /tmp\.gone/],
  ['--grep that chose nothing', [grepped('nothing'), planned()], 'inconclusive', 3, /no promise was asked for/],
  ['tests that promise nothing, all passed', [promisingNothing, passed('a'), passed('b')].flat(), 'pass', 0, /^2 tests passed$/],
  ['tests that promise nothing, one failed', [promisingNothing, passed('a'), failed('b')].flat(), 'fail', 1, /^1 test failed: b title$/],
  ['tests that promise nothing, all skipped', [promisingNothing, skipped('a')].flat(), 'inconclusive', 3, /every test was skipped/],
  ['a promise that only a test names', [begin, ...both, testStarted('x', ['tmp.new']), testFinished('x', 'fail')], 'fail', 1, /tmp\.new/],
];

for (const [what, events, verdict, exitCode, reason] of cases) {
  test(`${what}: ${verdict}, exit ${exitCode}`, (t) => {
    const decision = decideVerdict(log(...events));
    t.like(decision, { verdict, exitCode });
    t.regex(decision.reason, reason);
  });
}

const outcomes: Outcome[] = ['fail', 'error', 'miss'];
const causes: Cause[] = ['product', 'test', 'infra', 'harness', 'unknown'];
for (const outcome of outcomes) {
  for (const cause of causes) {
    const broken = cause === 'product' && outcome !== 'miss';
    test(`${outcome} charged to ${cause} is ${broken ? 'a failure' : 'inconclusive'}, never a pass`, (t) => {
      const decision = decideVerdict(
        log(begin, ...held('tmp.kept'), testStarted('x', ['tmp.gone']), testFinished('x', outcome, { cause })),
      );
      t.like(decision, broken ? { verdict: 'fail', exitCode: 1 } : { verdict: 'inconclusive', exitCode: 3 });
    });
  }
}

test('a run-finished event among them is not looked at', (t) => {
  const time = { total_s: 1, device_s: 1, harness_s: 0, image_s: 0, boot_s: 0 };
  const claim: NewEvent = { type: 'run-finished', verdict: 'pass', exitCode: 0, reason: 'so it says', time };
  t.is(decideVerdict(log(begin, ...brokenGone, claim)).exitCode, 1);
});

test('a long list of broken promises is cut', (t) => {
  const ids = Array.from({ length: 9 }, (_, index) => `tmp.p${index}`);
  const events = ids.flatMap((id) => [testStarted(id, [id]), testFinished(id, 'fail')]);
  t.regex(decideVerdict(log(runStarted(), ...events)).reason, /^9 promises broken: tmp\.p0, tmp\.p1, tmp\.p2, tmp\.p3 and 5 more$/);
});
