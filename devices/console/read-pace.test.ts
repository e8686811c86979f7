import test from 'ava';
import { ReadPace } from './read-pace.ts';

/** Reads as a line brings packets of so many bytes every so many milliseconds: the times of the reads. */
function reads(pace: ReadPace, { bytes, every, from, until }: { bytes: number; every: number; from: number; until: number }): number[] {
  const times: number[] = [];
  let read = from;
  for (let now = from; now < until;) {
    const arrived = Math.max(1, Math.floor((now - read) / every));
    times.push(now);
    read += arrived * every;
    const rest = pace.rest(arrived * bytes, now);
    now = Math.max(now + rest, read + every);
  }
  return times;
}

test('what comes without pause is read twenty-five times a second', (t) => {
  const times = reads(new ReadPace(), { bytes: 32, every: 0.347, from: 0, until: 2000 });
  const later = times.filter((time) => time >= 1000);
  t.true(later.length > 20 && later.length < 35, String(later.length));
});

test('the beginning of a burst is read as it comes, and no byte waits for more than an eighth of it', (t) => {
  const times = reads(new ReadPace(), { bytes: 32, every: 0.347, from: 1000, until: 1200 });
  t.true(times.filter((time) => time < 1008).length >= 20);
  for (const [index, time] of times.entries()) {
    const gap = (times[index + 1] ?? time) - time;
    t.true(gap <= Math.max((time - 1000) / 8, 0) + 0.7, `${gap} ms at ${time}`);
  }
});

test('a silence ends a burst, and so does something that was sent', (t) => {
  const pace = new ReadPace();
  reads(pace, { bytes: 32, every: 0.347, from: 0, until: 500 });
  t.is(pace.rest(32, 520), 40);
  t.is(pace.rest(32, 575), 0);
  reads(pace, { bytes: 32, every: 0.347, from: 575, until: 1000 });
  pace.sent(1001);
  t.is(pace.rest(32, 1002), 0);
});

test('a tty that fills up is read at once', (t) => {
  const pace = new ReadPace();
  reads(pace, { bytes: 32, every: 0.347, from: 0, until: 500 });
  t.is(pace.rest(4095, 505), 0);
});
