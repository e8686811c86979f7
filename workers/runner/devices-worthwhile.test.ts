import test from 'ava';
import { devicesWorthwhile } from './devices-worthwhile.ts';

const gibibytes = (count: number): number => count * 1024 ** 3;

test('as many devices as suites, CPUs and memory are good for, and one in any case', (t) => {
  t.is(devicesWorthwhile(6, { cpus: 2, freeBytes: gibibytes(16) }), 2);
  t.is(devicesWorthwhile(1, { cpus: 8, freeBytes: gibibytes(16) }), 1);
  t.is(devicesWorthwhile(6, { cpus: 8, freeBytes: gibibytes(4) }), 2);
  t.is(devicesWorthwhile(6, { cpus: 1, freeBytes: gibibytes(0.5) }), 1);
});
