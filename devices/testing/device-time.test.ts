import { EventEmitter } from 'node:events';
import test from 'ava';
import { DeviceTime } from './device-time.ts';

/** A part of a device, with private state as a class has it. */
class Part {
  #calls = 0;
  readonly held = { answer: async () => this.#next() };
  readonly emitter = new EventEmitter();
  readonly data = { bytes: new Uint8Array(3) };

  async make() {
    return { again: async () => this.#next() };
  }

  async fail(): Promise<void> {
    throw new RangeError('refused');
  }

  get calls(): number {
    return this.#calls;
  }

  #next(): number {
    this.#calls += 1;
    return this.#calls;
  }
}

test('overlapping waits count once, time between them not at all', async (t) => {
  const clock = { now: 0 };
  const time = new DeviceTime(() => clock.now);
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const waits = [time.during(first.promise), time.during(second.promise)];
  clock.now = 10;
  first.resolve();
  await waits[0];
  t.is(time.milliseconds, 10);
  clock.now = 30;
  second.resolve();
  await waits[1];
  clock.now = 100;
  t.is(time.milliseconds, 30);
  const third = Promise.withResolvers<void>();
  const wait = time.during(third.promise);
  clock.now = 105;
  t.is(time.milliseconds, 35);
  third.resolve();
  await wait;
});

test('the pauses of a repeated look count, what is awaited in them only once', async (t) => {
  const clock = { now: 0 };
  const time = new DeviceTime(() => clock.now);
  const look = time.repeated(() => {
    clock.now += 1;
    return 'seen';
  });
  t.is(await look(), 'seen');
  const other = Promise.withResolvers<void>();
  const wait = time.during(other.promise);
  clock.now += 40;
  other.resolve();
  await wait;
  clock.now += 40;
  await look();
  t.is(time.milliseconds, 80, 'without what the looks themselves computed');
  // Nobody looks any more: nothing is awaited.
  clock.now += 20;
  t.is(time.milliseconds, 80);
});

test('counts in what an object holds and gives, and leaves data and foreign objects alone', async (t) => {
  const time = new DeviceTime();
  const part = new Part();
  const counted = time.counting(part);
  t.is(await counted.held.answer(), 1);
  t.is(await (await counted.make()).again(), 2);
  t.is(counted.calls, 2);
  t.true(time.milliseconds > 0);
  t.is(counted.emitter, part.emitter);
  t.is(counted.data, part.data);
  await t.throwsAsync(counted.fail(), { instanceOf: RangeError, message: 'refused' });
});
