import test from 'ava';
import { consoleSlice, failure, measurement } from './attachments.ts';
import { startFakeBench, type FakeBench } from './fake-bench.ts';
import { runInlineSuite, type InlineRun } from './run-inline-suite.ts';

async function run(text: string, meanwhile?: (bench: FakeBench) => void): Promise<InlineRun & { bench: FakeBench }> {
  const bench = await startFakeBench();
  try {
    meanwhile?.(bench);
    return { ...(await runInlineSuite(text, bench.environment)), bench };
  } finally {
    await bench.release();
  }
}

test.serial('a test gets its device, and its part of the console is attached with the time it waited', async (t) => {
  const { tests, exitCode } = await run(
    `test('talks', async ({ device }) => {
      expect(device.id).toBe('fake-1');
      expect([...device.capabilities].sort()).toEqual(['clock', 'slots']);
      expect(await device.host.check('echo hello')).toBe('hello');
      await device.console.expect('ready', { from: 0, timeout: 5000 });
    });`,
    ({ console }) => console.feed('ready\n'),
  );
  t.is(tests.get('talks')?.status, 'passed');
  t.is(exitCode, 0);
  const slices = tests.get('talks')?.attached(consoleSlice.contentType) ?? [];
  const slice = consoleSlice.schema.parse(slices[0]);
  t.like(slice, { device: 'fake-1', from: 6, to: 6 });
  t.true(slice.deviceSeconds > 0);
});

test.serial('what a poll waits for is the device, between its looks, too', async (t) => {
  const { tests } = await run(
    `test('polls', async () => {
      let looks = 0;
      await expect.poll(() => (looks += 1), { intervals: [100] }).toBeGreaterThan(5);
    });`,
  );
  const [slice] = (tests.get('polls')?.attached(consoleSlice.contentType) ?? []).map((each) => consoleSlice.schema.parse(each));
  // Five pauses, of which timers may cut a millisecond each.
  t.true(Number(slice?.deviceSeconds) > 0.49, `${slice?.deviceSeconds} s`);
});

test.serial('promises and needs are annotations, and a test that needs what the device lacks is skipped with the reason', async (t) => {
  const { tests } = await run(
    `test('sticks', proves('storage.label', 'storage.uuid', { needs: ['sticks'] }), async ({ device }) => { throw new Error('ran'); });
     test('slots', proves('rollback.layout', { needs: ['slots'] }), async ({ device }) => { throw new Error('ran'); });
     test('clock', proves('time.sync', { needs: ['clock'] }), async ({ device }) => { await device.clock.now(); });`,
  );
  t.deepEqual(
    tests.get('sticks')?.annotations.map(({ type, description }) => [type, description]),
    [
      ['promise', 'storage.label'],
      ['promise', 'storage.uuid'],
      ['needs', 'sticks'],
      ['skip', 'fake-1 (fake) has no sticks'],
    ],
  );
  t.is(tests.get('sticks')?.status, 'skipped');
  t.is(tests.get('slots')?.status, 'skipped');
  t.is(tests.get('slots')?.annotations.at(-1)?.description, 'there is no update file for the image on fake-1');
  t.is(tests.get('clock')?.status, 'passed');
});

test.serial('the evidence of the error that failed a test is attached, that of one it outlived is not', async (t) => {
  const { tests } = await run(
    `test('fails', async ({ device }) => {
      await expect(device.host.check('echo tried >&2; exit 3')).rejects.toThrow('exit code 3');
      await device.host.check('echo broken >&2; exit 4');
    });
    test('fails over the socket', async ({ device }) => {
      await device.console.expect('never said', { timeout: 10 });
    });
    test('fails in an expectation', async ({ device }) => { expect(await device.bootId()).toBe('another'); });`,
  );
  const [thrown, ...others] = (tests.get('fails')?.attached(failure.contentType) ?? []).map((each) => failure.schema.parse(each));
  t.is(others.length, 0);
  t.like(thrown, { error: 'CommandFailed', blame: 'product' });
  t.true(thrown?.evidence[0]?.text.includes('broken'));
  const [late] = (tests.get('fails over the socket')?.attached(failure.contentType) ?? []).map((each) => failure.schema.parse(each));
  t.is(late?.error, 'AwaitedTooLong');
  t.true(late?.message.includes('never said'));
  t.deepEqual(tests.get('fails in an expectation')?.attached(failure.contentType), []);
  t.is(tests.get('fails in an expectation')?.status, 'failed');
  // Each failure cost a worker, and each found the same device.
  t.is(new Set([...tests.values()].map(({ workerIndex }) => workerIndex)).size, 3);
  t.deepEqual([...new Set([...tests.values()].map(({ parallelIndex }) => parallelIndex))], [0]);
});

test.serial('once: facts and failures outlive the worker, a step that was cut off is not begun again', async (t) => {
  const { tests, bench } = await run(
    `let here = 0;
     const facts = (once) => once('facts', async () => { here += 1; return { bootId: 'b', pid: process.pid, when: new Date(0) }; });
     test('does it', async ({ once }) => {
       const [one, other] = await Promise.all([facts(once), facts(once)]);
       expect(one).toEqual({ bootId: 'b', pid: process.pid, when: '1970-01-01T00:00:00.000Z' });
       expect(other).toEqual(one);
       expect(here).toBe(1);
       throw new Error('and ends this worker');
     });
     test('finds it done', async ({ once }) => {
       expect((await facts(once)).pid).not.toBe(process.pid);
       expect(here).toBe(0);
     });
     const broken = (once, device) => once('broken', () => device.host.check('echo why >&2; exit 9'));
     test('fails first', async ({ once, device }) => { await broken(once, device); });
     test('fails again', async ({ once, device }) => { await broken(once, { host: { check() { throw new Error('done twice'); } } }); });
     const endless = (once) => once('endless', () => new Promise(() => {}));
     test('is cut off', async ({ once }) => { test.setTimeout(1500); await endless(once); });
     test('comes after it', async ({ once }) => { await endless(once); });`,
  );
  t.is(tests.get('does it')?.errors[0]?.message, 'Error: and ends this worker');
  t.is(tests.get('finds it done')?.status, 'passed');
  t.true(tests.get('fails first')?.errors[0]?.message.startsWith('CommandFailed: “echo why >&2; exit 9”'));
  t.is(
    tests.get('fails again')?.errors[0]?.message,
    'StepFailed: “broken” failed in an earlier test: “echo why >&2; exit 9” ended with exit code 9: why',
  );
  const [again] = (tests.get('fails again')?.attached(failure.contentType) ?? []).map((each) => failure.schema.parse(each));
  t.like(again, { error: 'StepFailed', blame: 'product' });
  t.true(again?.evidence[0]?.text.includes('why'));
  t.is(tests.get('is cut off')?.status, 'timedOut');
  t.is(
    tests.get('comes after it')?.errors[0]?.message,
    'StepFailed: “endless” was begun by an earlier test, whose process ended before it did',
  );
  t.like(bench.memory.get('once:facts'), { state: 'done' });
});

test.serial('a measurement is attached with its limits, and fails its test softly outside them', async (t) => {
  const { tests } = await run(
    `test('measures', async () => {
      await measure('boot', 20.2, { unit: 's', max: 30, marginalMax: 25, better: 'lower' });
      await measure('free', 12, { unit: 'MiB', min: 10, marginalMin: 15 });
      await measure('offset', 140, { unit: 'ms', min: -100, max: 100 });
      await measure('after', 1, { unit: 's' });
    });`,
  );
  const measured = tests.get('measures');
  t.is(measured?.status, 'failed');
  t.is(measured?.errors.length, 1);
  t.true(measured?.errors[0]?.message.includes('offset in ms'));
  t.deepEqual(
    (measured?.attached(measurement.contentType) ?? []).map((each) => measurement.schema.parse(each)),
    [
      { name: 'boot', value: 20.2, unit: 's', limits: { max: 30, marginalMax: 25 }, outcome: 'pass', better: 'lower' },
      { name: 'free', value: 12, unit: 'MiB', limits: { min: 10, marginalMin: 15 }, outcome: 'marginal' },
      { name: 'offset', value: 140, unit: 'ms', limits: { min: -100, max: 100 }, outcome: 'fail' },
      { name: 'after', value: 1, unit: 's', limits: {}, outcome: 'pass' },
    ],
  );
});

test.serial('a suite without a bench says how to start it', async (t) => {
  const { tests } = await runInlineSuite(`test('alone', async ({ device }) => {});`, {
    BOARDWALK_BENCH: '',
    BOARDWALK_TOKEN: '',
    BOARDWALK_DEVICES: '',
  });
  t.is(tests.get('alone')?.errors[0]?.message, 'NoBench: this suite has no bench to run on');
  const [attached] = (tests.get('alone')?.attached(failure.contentType) ?? []).map((each) => failure.schema.parse(each));
  t.like(attached, { error: 'NoBench', blame: 'test' });
});
