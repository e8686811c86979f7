import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { summarySchema, type Summary } from '../../../reports/index.ts';
import { suiteNames } from '../../../suites/promises.ts';
import { stateDirectoryName } from '../../../workers/index.ts';
import type { Row, Section } from '../row.ts';

/** Seconds for all six suites on an image that is in the cache, by the number of devices; the harness's part of them, in per cent. */
const numbers = [
  { name: 'one', devices: 1, limit: 7 * 60 },
  { name: 'two', devices: 2, limit: 5 * 60 },
] as const;
const harnessLimit = 10;

const section: Section = {
  name: 'suites',
  about: 'all six suites, as the last whole runs in this directory took them',
  async *rows() {
    const runs = await wholeRuns(join(process.cwd(), stateDirectoryName, 'runs'));
    for (const { name, devices, limit } of numbers) {
      const run = runs.findLast((each) => each.devices.length === devices);
      if (run === undefined) {
        const note = `no whole run with ${devices === 1 ? 'one device' : `${devices} devices`} here: npx boardwalk run --parallel ${devices}`;
        yield { id: `suites.${name}`, unit: 's', limit, note };
      } else yield* rowsOf(`suites.${name}`, run, limit);
    }
  },
};
export default section;

function rowsOf(id: string, { promises, time, run }: Summary, limit: number): Row[] {
  const held = promises.filter(({ outcome }) => outcome === 'pass').length;
  const note = `${held} promises held, ${run.startedAt?.slice(0, 10)}; the floor: ${time.boot_s.toFixed(0)} s of boots, all devices' together`;
  const share = (time.harness_s / (time.total_s - time.image_s)) * 100;
  return [
    { id, unit: 's', ours: time.total_s - time.image_s, limit, note },
    { id: `${id}.harness`, unit: '%', ours: share, limit: harnessLimit, note: 'everything but waiting for the device' },
  ];
}

/** Runs of all suites that came to a verdict and broke no promise, oldest first. */
async function wholeRuns(directory: string): Promise<Summary[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name !== 'latest').sort();
  const summaries = await Promise.all(names.map((name) => readSummary(join(directory, name, 'summary.json'))));
  return summaries
    .filter((each) => each !== undefined)
    .filter(({ verdict, suites }) => verdict === 'pass' && suites.length === suiteNames.length);
}

/** Undefined for a run that is under way or was killed, or that another version has written. */
async function readSummary(file: string): Promise<Summary | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : summarySchema.safeParse(JSON.parse(text)).data;
}
