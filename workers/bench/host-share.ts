import { availableParallelism, freemem } from 'node:os';

/** What a virtual device takes of the host: its memory, QEMU's translated code, and the files that the page cache should hold. */
const bytesEach = 2 * 1024 ** 3;
/** As many as a virtual device has by itself; what a third one does was not measured. */
const processorsAtMost = 2;

/** How many devices to share so many suites out over, where nobody said: one a CPU, for under software emulation one keeps a CPU busy. */
export function devicesWorthwhile(suites: number, host = { cpus: availableParallelism(), freeBytes: freemem() }): number {
  return Math.max(1, Math.min(suites, host.cpus, Math.floor(host.freeBytes / bytesEach)));
}

/**
 * How many processors each of so many virtual devices gets where its configuration doesn't say. Emulated processors that have to share a CPU wait for each
 * other's locks: two devices on two CPUs need 64 CPU-s each for two boots with two processors, and 50 with one.
 */
export function processorsEach(devices: number, cpus = availableParallelism()): number {
  return Math.max(1, Math.min(processorsAtMost, Math.floor(cpus / devices)));
}
