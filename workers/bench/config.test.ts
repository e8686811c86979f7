import test from 'ava';
import { UsageError } from '../errors.ts';
import { parseBench } from './config.ts';

test('count makes numbered devices, no count a single one', (t) => {
  const devices = parseBench('devices:\n  qemu: { type: qemux86-64, count: 2, cpus: 1 }\n  desk: { type: qemux86-64 }\n', 'bench.yaml');
  t.deepEqual(devices, [
    { id: 'qemu-1', type: 'qemux86-64', cpus: 1 },
    { id: 'qemu-2', type: 'qemux86-64', cpus: 1 },
    { id: 'desk', type: 'qemux86-64' },
  ]);
});

test('a wrong field is named with its place', (t) => {
  const error = t.throws(() => parseBench('devices:\n  qemu: { type: qemux86-64, count: none }\n', 'bench.yaml'), {
    instanceOf: UsageError,
  });
  t.regex(error?.message ?? '', /bench\.yaml, devices\.qemu\.count: .*number/);
  t.is(error?.exitCode, 2);
});

test('what is no YAML is said with its line', (t) => {
  const error = t.throws(() => parseBench('devices: [\n', 'bench.yaml'), { instanceOf: UsageError });
  t.regex(error?.message ?? '', /isn't YAML: .*line 2/);
});
