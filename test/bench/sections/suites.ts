import { lastSummary, start } from '../../end-to-end/command.ts';
import type { Row, Section } from '../row.ts';

/** Seconds for all six suites on an image that is in the cache, by the number of devices; the harness's part of them, in per cent. */
const limits = { one: 7 * 60, two: 5 * 60 };
const harnessLimit = 10;

const section: Section = {
  name: 'suites',
  about: 'all six suites, with two devices and with one',
  async *rows({ directory, signal }) {
    yield* await suites('two', 2, directory, signal);
    yield* await suites('one', 1, directory, signal);
  },
};
export default section;

async function suites(name: keyof typeof limits, devices: number, directory: string, signal: AbortSignal): Promise<Row[]> {
  const { child, ended } = start(directory, ['run', '--parallel', String(devices)]);
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  const { code, stdout, stderr } = await ended;
  signal.throwIfAborted();
  const id = `suites.${name}`;
  if (code !== 0) return [{ id, unit: 's', limit: limits[name], note: `the run failed: ${(stderr || stdout).trim().split('\n').at(-1)}` }];
  const { promises, time } = await lastSummary(directory);
  const held = promises.filter(({ outcome }) => outcome === 'pass').length;
  const note = `${held} promises; their floor: ${time.boot_s.toFixed(0)} s of boots, all devices' together`;
  const harness = { id: `${id}.harness`, unit: '%' as const, ours: (time.harness_s / time.total_s) * 100 };
  return [
    { id, unit: 's', ours: time.total_s, limit: limits[name], note },
    { ...harness, limit: harnessLimit, note: 'everything but waiting for the device' },
  ];
}
