import test from 'ava';
import { ExampleLog } from '../example-run/clock.ts';
import { fault, harnessError, promise, runStarted, testFinished, testStarted } from '../example-run/events.ts';
import type { NewEvent } from '../event-log/event.ts';
import { accountTime } from '../run/account-time.ts';
import { summarySchema } from './summary.ts';
import { summarize } from './summarize.ts';

const boot = (device: string, cause: 'run' | 'test', totalSeconds: number): NewEvent => ({
  type: 'device-boot',
  device,
  cause,
  stages: [],
  totalSeconds,
});

const finish = (log: ExampleLog, given: Pick<Extract<NewEvent, { type: 'run-finished' }>, 'verdict' | 'exitCode'>): ExampleLog =>
  log.add({ type: 'run-finished', ...given, reason: '', time: accountTime(log.events) });

test('a run with a failure, a flake, a skip and a promise that nobody tested', (t) => {
  const log = new ExampleLog()
    .add(runStarted({ promises: ['tmp.gone', 'tmp.kept', 'tmp.flaky', 'tmp.stick', 'tmp.untested'].map((id) => promise(id)) }))
    .add(
      {
        type: 'image-ready',
        image: { name: 'reference-os', version: '2.113.18', variant: 'development', sha256: '4b'.repeat(32), cached: true },
      },
      1,
    )
    .add(testStarted('kept', ['tmp.kept']), 1)
    .add(testFinished('kept', 'pass'), 2)
    .add(testStarted('gone', ['tmp.gone']))
    .add(testFinished('gone', 'fail', { error: { message: '\nthe file was still there\nmore', evidence: [] } }), 2)
    .add(testStarted('flaky', ['tmp.flaky']))
    .add(testFinished('flaky', 'fail', { cause: 'unknown' }), 2)
    .add(testStarted('flaky', ['tmp.flaky'], { attempt: 2 }))
    .add(testFinished('flaky', 'pass', { attempt: 2 }), 2)
    .add(testStarted('stick', ['tmp.stick']))
    .add(testFinished('stick', 'skip', { seconds: 0, deviceSeconds: 0 }), 0)
    .add(fault({ expected: true }));
  const summary = summarySchema.parse(JSON.parse(JSON.stringify(summarize(finish(log, { verdict: 'fail', exitCode: 1 }).events))));

  t.like(summary, {
    verdict: 'fail',
    exitCode: 1,
    device: { id: 'qemu-1', type: 'qemux86-64' },
    run: { id: '20261122-120211', seed: 4711 },
  });
  t.is(summary.image?.version, '2.113.18');
  t.deepEqual(summary.promises, [
    { id: 'tmp.gone', outcome: 'fail', cause: 'product', reason: 'the file was still there', tests: ['gone'] },
    { id: 'tmp.kept', outcome: 'pass', tests: ['kept'] },
    { id: 'tmp.flaky', outcome: 'fail', cause: 'unknown', tests: ['flaky'] },
    { id: 'tmp.stick', outcome: 'skip', reason: 'the device has no sticks', tests: ['stick'] },
    { id: 'tmp.untested', outcome: 'miss', cause: 'harness', reason: 'no test that claims it ran', tests: [] },
  ]);
  t.deepEqual(summary.suites, [{ id: 'tmp', promises: 5, held: 1, seconds: 8 }]);
  const flaky = summary.tests.find(({ id }) => id === 'flaky');
  t.true(flaky?.flaky);
  t.deepEqual(
    flaky?.attempts.map(({ attempt, outcome }) => [attempt, outcome]),
    [
      [1, 'fail'],
      [2, 'pass'],
    ],
  );
  t.deepEqual(
    summary.tests.filter((one) => one.flaky).map(({ id }) => id),
    ['flaky'],
  );
});

test('a killed run is summarized to its last event: no pass without a result, and what never ran says why', (t) => {
  const log = new ExampleLog()
    .add(runStarted({ promises: [promise('tmp.gone')] }))
    .add(testStarted('gone', ['tmp.gone']))
    .add(testFinished('gone', 'pass'), 2);
  t.like(summarize(log.events), { verdict: 'inconclusive', exitCode: 3, run: { finishedAt: null } });
  log.add(testStarted('kept', ['tmp.kept'])).add({ type: 'run-interrupted', signal: 'SIGINT' });
  const { verdict, promises } = summarize(log.events);
  t.is(verdict, 'interrupted');
  t.deepEqual(promises.at(-1), {
    id: 'tmp.kept',
    outcome: 'error',
    cause: 'unknown',
    reason: 'the run ended while it was running: the run was interrupted by SIGINT',
    tests: ['kept'],
  });
});

test('what the bench could not do is the reason of what never ran', (t) => {
  const log = new ExampleLog().add(runStarted({ promises: [promise('tmp.gone')] })).add(harnessError('infra', 'the disk is full'));
  const summary = summarize(log.events);
  t.deepEqual(summary.promises, [
    { id: 'tmp.gone', outcome: 'miss', cause: 'infra', reason: 'no test that claims it ran: the disk is full', tests: [] },
  ]);
  t.deepEqual(summary.errors, [{ message: 'the disk is full', cause: 'infra', advice: 'mend it and run again' }]);
});

test('a test that was skipped before a device took it up is a skip, not a miss', (t) => {
  const tests = [{ test: 'x', suite: 'tmp', title: 'x', file: 'suites/tmp.suite.ts', line: 3, promises: ['tmp.gone'] }];
  const log = new ExampleLog()
    .add(runStarted({ promises: [promise('tmp.gone')] }))
    .add({ type: 'tests-planned', tests })
    .add(testFinished('x', 'skip'))
    .add(testFinished('nobody planned this', 'fail'));
  const { promises, tests: told } = summarize(log.events);
  t.deepEqual(promises, [{ id: 'tmp.gone', outcome: 'skip', reason: 'the device has no sticks', tests: ['x'] }]);
  t.is(told.length, 1);
});

test('an empty log has a summary, too', (t) => {
  t.like(summarySchema.parse(summarize([])), { verdict: 'inconclusive', exitCode: 3, image: null, device: null, promises: [] });
});

test('time: boots of tests count once, of two devices the busier one bounds the run', (t) => {
  const log = new ExampleLog()
    .add(runStarted())
    .add({ type: 'step', kind: 'image', name: 'packages', state: 'started' })
    .add({ type: 'step', kind: 'image', name: 'packages', state: 'done', seconds: 60 }, 60)
    .add(boot('a', 'run', 20), 20)
    .add(boot('b', 'run', 25), 5)
    .add(testStarted('one', ['tmp.one'], { device: 'a' }))
    .add(testStarted('two', ['tmp.two'], { device: 'b' }))
    .add(boot('a', 'test', 21), 22)
    .add(testFinished('one', 'pass', { seconds: 32, deviceSeconds: 30 }), 10)
    .add(testFinished('two', 'pass', { seconds: 33, deviceSeconds: 10 }), 1);
  t.deepEqual(accountTime(log.events), { total_s: 118, device_s: 50, harness_s: 8, image_s: 60, boot_s: 66 });
});
