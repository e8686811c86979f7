import { access, readFile, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { selectAccelerator } from '../../qemu/index.ts';
import { readBenchConfig } from './config.ts';
import type { Finding } from './finding.ts';
import { leaseDirectory } from './lease.ts';
import { inspectWires } from './wires.ts';

/** An image, its update and the overlays of one run; of boards only their consoles and reports. */
const wantedFreeBytes = { virtual: 6 * 1024 ** 3, boards: 200 * 1024 ** 2 };

/** Looks at each thing that a run in this folder needs, the ends of its boards' wires included, and changes nothing. */
export async function inspectBench(cwd: string, signal: AbortSignal): Promise<Finding[]> {
  const { findings, virtual } = await config(cwd, signal);
  const emulation = virtual ? [await accelerator(signal)] : [];
  return [node(), ...(await systemPackages(virtual)), await disk(cwd, virtual), await leases(), ...emulation, ...findings];
}

function node(): Finding {
  const found = process.versions.node;
  if (Number(found.split('.')[0]) >= 24) return { level: 'ok', what: 'node', found };
  return { level: 'fault', what: 'node', found, mend: 'Node 24 or newer is needed: in a clone, sh cli/setup.sh brings one' };
}

/** The list that cli/setup.sh installs from. A bench of boards does without what makes and runs virtual ones, once it has the image that suites deploy. */
async function systemPackages(virtual: boolean): Promise<Finding[]> {
  const file = new URL('../../qemu/system-packages.txt', import.meta.url);
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const missing = new Map<string, string[]>();
  for (const line of lines) {
    const [probe = '', name = ''] = line.split(/\s+/);
    if (!(await isThere(probe))) missing.set(name, [...(missing.get(name) ?? []), probe]);
  }
  if (missing.size === 0) return [{ level: 'ok', what: 'system packages', found: `${lines.length} programs and files` }];
  return [...missing].map(([name, probes]) => ({
    level: virtual ? 'fault' : 'warning',
    what: name,
    found: `${probes.join(', ')} not found${virtual ? '' : ', which builds images or runs virtual machines'}`,
    mend: `sudo apt-get install --no-install-recommends ${name}`,
  }));
}

async function isThere(probe: string): Promise<boolean> {
  const places = probe.startsWith('/') ? [probe] : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, probe));
  const found = await Promise.all(
    places.map((place) =>
      access(place).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

async function disk(cwd: string, virtual: boolean): Promise<Finding> {
  const { bavail, bsize } = await statfs(cwd);
  const free = bavail * bsize;
  const wanted = wantedFreeBytes[virtual ? 'virtual' : 'boards'];
  const found = `${gigabytes(free)} free in ${cwd.replace(homedir(), '~')}`;
  if (free >= wanted) return { level: 'ok', what: 'disk', found };
  return {
    level: 'fault',
    what: 'disk',
    found,
    mend: `a run needs about ${gigabytes(wanted)}:  boardwalk image prune  removes old images`,
  };
}

const gigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(bytes < 10 * 1024 ** 3 ? 1 : 0)} GB`;

async function leases(): Promise<Finding> {
  try {
    return { level: 'ok', what: 'leases', found: await leaseDirectory() };
  } catch (error) {
    return {
      level: 'fault',
      what: 'leases',
      found: error instanceof Error ? error.message : String(error),
      mend: 'make /run/lock writable',
    };
  }
}

async function accelerator(signal: AbortSignal): Promise<Finding> {
  try {
    const { accelerator: taken, reason } = await selectAccelerator({ signal });
    if (taken === 'kvm') return { level: 'ok', what: 'kvm', found: reason };
    return { level: 'warning', what: 'kvm', found: reason, mend: 'software emulation is used instead, about 8 times slower' };
  } catch (error) {
    return { level: 'fault', what: 'qemu', found: error instanceof Error ? error.message : String(error) };
  }
}

/** What bench.yaml says, and whether any of its devices is a virtual machine; where it can't be read, they may be. */
async function config(cwd: string, signal: AbortSignal): Promise<{ findings: Finding[]; virtual: boolean }> {
  try {
    const { source, devices } = await readBenchConfig(cwd);
    const found = `${devices.length} device${devices.length === 1 ? '' : 's'} in ${source ?? 'the virtual bench (there is no bench.yaml)'}`;
    const findings: Finding[] = [{ level: 'ok', what: 'bench', found }];
    for (const { id, wiring } of devices) if (wiring !== undefined) findings.push(...(await inspectWires(id, wiring, signal)));
    return { findings, virtual: devices.some(({ wiring }) => wiring === undefined) };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { findings: [{ level: 'fault', what: 'bench.yaml', found }], virtual: true };
  }
}
