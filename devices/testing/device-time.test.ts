import { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
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
  const time = new DeviceTime();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const waits = Promise.all([time.during(first.promise), time.during(second.promise)]);
  first.resolve();
  await first.promise;
  const early = time.milliseconds;
  second.resolve();
  await waits;
  const total = time.milliseconds;
  t.true(total >= early);
  await new Promise((resolve) => setImmediate(resolve));
  t.is(time.milliseconds, total);
});

test('the pauses of a repeated look count, what is awaited in them only once', async (t) => {
  const time = new DeviceTime();
  const look = time.repeated(() => 'seen');
  t.is(await look(), 'seen');
  const first = time.milliseconds;
  const since = performance.now();
  await time.during(pause(40));
  await pause(40);
  await look();
  const passed = performance.now() - since;
  const counted = time.milliseconds - first;
  t.true(counted > 70 && counted <= passed, `${counted} of ${passed} ms`);
  // Nobody looks any more: nothing is awaited.
  const ended = time.milliseconds;
  await pause(20);
  t.is(time.milliseconds, ended);
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
