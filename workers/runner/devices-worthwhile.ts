import { availableParallelism, freemem } from 'node:os';

/** What a virtual device takes of the host: its memory, QEMU's translated code, and the files that the page cache should hold. */
const bytesEach = 1.5 * 1024 ** 3;

/** How many devices to share so many suites out over, where nobody said: one a CPU, for under software emulation one keeps a CPU busy. */
export function devicesWorthwhile(suites: number, host = { cpus: availableParallelism(), freeBytes: freemem() }): number {
  return Math.max(1, Math.min(suites, host.cpus, Math.floor(host.freeBytes / bytesEach)));
}
