import { defineConfig } from '../devices/index.ts';
import { suiteNames, type SuiteName } from './promises.ts';

/** What each takes on one device under software emulation. */
const seconds: Record<SuiteName, number> = { rollback: 280, dbus: 96, storage: 80, tmp: 76, environment: 67, time: 31 };

// Longest first, so that several devices end at about the same time. Playwright starts projects as they stand here, and the files of one by their names.
export default defineConfig({
  testDir: import.meta.dirname,
  projects: suiteNames
    .toSorted((one, other) => seconds[other] - seconds[one])
    .map((name) => ({ name, testMatch: `${name}.suite.?(c|m)[jt]s` })),
});
