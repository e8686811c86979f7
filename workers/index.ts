/** Who runs what where: benches that own devices, and runs that lease them. */
export { claimDevices, matchDevices, openBench, type Bench, type LeasedDevice } from './bench/bench.ts';
export { readBenchConfig, type BenchConfig, type DeviceConfig } from './bench/config.ts';
export { freshUnits, type FreshUnit } from './bench/freshness.ts';
export { leaseHolder, type LeaseHolder } from './bench/lease.ts';
export { CommandError, UsageError } from './errors.ts';
export { imageUnderTest, type ImageUnderTest } from './image.ts';
export { attachDevice, type AttachedDevice } from './bench/attach.ts';
export { holdDevice, holdPurpose } from './bench/hold.ts';
export { inspectBench } from './bench/doctor.ts';
export type { Finding } from './bench/finding.ts';
export { devicesWorthwhile } from './bench/host-share.ts';
export type { Choice, Interview } from './init/interview.ts';
export { wireBoard } from './init/wire-board.ts';
export { listTests } from './runner/playwright.ts';
export { newRunDirectory } from './runner/run-directory.ts';
export { run, type RunRequest } from './runner/run.ts';
export { selectSuites, type SuiteSelection } from './runner/suites.ts';
export { stateDirectoryName } from './state-directory.ts';
