import test from 'ava';
import { devicesWorthwhile, processorsEach } from './host-share.ts';

const gibibytes = (count: number): number => count * 1024 ** 3;

test('as many devices as suites, CPUs and memory are good for, and one in any case', (t) => {
  t.is(devicesWorthwhile(6, { cpus: 2, freeBytes: gibibytes(16) }), 2);
  t.is(devicesWorthwhile(1, { cpus: 8, freeBytes: gibibytes(16) }), 1);
  t.is(devicesWorthwhile(6, { cpus: 8, freeBytes: gibibytes(4) }), 2);
  t.is(devicesWorthwhile(6, { cpus: 1, freeBytes: gibibytes(0.5) }), 1);
});

test('devices share the CPUs as processors, two at most and one in any case', (t) => {
  t.is(processorsEach(1, 2), 2);
  t.is(processorsEach(2, 2), 1);
  t.is(processorsEach(1, 64), 2);
  t.is(processorsEach(8, 2), 1);
});
