import { createHash } from 'node:crypto';
import { execa } from 'execa';
import { budgets } from '../budgets.ts';
import { QemuError } from '../errors.ts';
import { machineArguments } from '../machine/arguments.ts';
import { pc } from '../machine/hardware.ts';
import type { MachineSpec } from '../machine/machine.ts';
import { findProgram } from '../program.ts';
import { format } from './snapshot.ts';

/** What a snapshot is made from and for. */
export interface SnapshotSubject {
  /** The machine as it would be started cold; its id, disk and host ports are of no account. */
  spec: MachineSpec;
  /** The image under the machine's overlay. */
  base: { file: string; sha256: string };
}

/** All that decides whether a memory fits a machine. */
export interface Identity {
  qemu: string;
  machine: string[];
  base: SnapshotSubject['base'];
}

export async function identityOf({ spec, base }: SnapshotSubject): Promise<Identity> {
  return { qemu: await qemuVersion((spec.hardware ?? pc).emulator), machine: shapeOf(spec), base };
}

/**
 * Directories of one base have a common beginning, so that one that doesn't fit any longer is found and can be named. Versions of boardwalk with formats of their
 * own leave each other's alone.
 */
export function keyOf({ qemu, machine, base }: Identity): { prefix: string; key: string } {
  const prefix = digest(base);
  return { prefix, key: `${prefix}-${digest({ format, qemu, machine })}` };
}

/** A machine's arguments with its name, files and ports taken out. */
function shapeOf(spec: MachineSpec): string[] {
  const { memory: _memory, rtc: _rtc, ...kept } = spec;
  const forwards = Object.fromEntries(Object.entries(spec.forwards).map(([name, { guest }]) => [name, { guest }]));
  return machineArguments(
    { ...kept, id: 'snapshot', disk: { file: '/disk', format: spec.disk.format }, forwards },
    { monitor: '/qmp', debugger: '/gdb' },
  );
}

async function qemuVersion(emulator: string): Promise<string> {
  const program = findProgram(emulator);
  const { exitCode, stdout, stderr } = await execa(program, ['--version'], { reject: false, stdin: 'ignore', timeout: budgets.qemuImg });
  const version = stdout.split('\n')[0]?.trim();
  if (exitCode === 0 && version) return version;
  throw new QemuError(`${program} does not tell its version`, { advice: 'Run it by hand with --version.', evidence: [stderr] });
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}
