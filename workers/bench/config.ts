import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { DeviceError, deviceType, muxes, outlets, wiringSchema, type Wiring } from '../../devices/index.ts';
import { UsageError } from '../errors.ts';

const deviceId = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,47}$/i, 'letters, digits, “.”, “_” and “-”, 48 at most');

/** What every entry has: the type says what else. */
const benchFile = z.strictObject({ devices: z.record(deviceId, z.looseObject({ type: z.string() })) });

export const virtualEntry = z.strictObject({
  type: z.string(),
  /** How many equal virtual machines: `qemu` with `count: 2` gives qemu-1 and qemu-2. */
  count: z.int().min(1).max(64).optional(),
  memoryMiB: z.int().min(256).max(65_536).optional(),
  cpus: z.int().min(1).max(16).optional(),
});

const boardEntry = z.strictObject({ type: z.string(), ...wiringSchema.shape });

/** One device of the bench, as bench.yaml describes it. */
export interface DeviceConfig {
  id: string;
  type: string;
  memoryMiB?: number;
  cpus?: number;
  /** Of a board. */
  wiring?: Wiring;
}

export interface BenchConfig {
  /** Where it was read: a path, or undefined for the bench that a host without a bench.yaml has. */
  source: string | undefined;
  devices: DeviceConfig[];
}

/** Without a bench.yaml the bench has virtual machines only. Of PCs one for each of two runs side by side, and one each to spare. */
export const virtualBench: BenchConfig = {
  source: undefined,
  devices: [
    ...virtualMachines('qemu', { type: 'qemux86-64', count: 4 }),
    ...virtualMachines('arm64', { type: 'qemuarm64', count: 2 }),
    ...virtualMachines('arm', { type: 'qemuarm', count: 2 }),
    ...virtualMachines('pi3', { type: 'raspberrypi3-qemu' }),
  ],
};

/** Reads `bench.yaml` of a folder. A missing file gives the virtual bench; a wrong one a UsageError with file, line and what was expected. */
export async function readBenchConfig(directory: string): Promise<BenchConfig> {
  const file = join(directory, 'bench.yaml');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return virtualBench;
    throw new UsageError(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return { source: file, devices: await parseBench(text, file) };
}

/** The devices of a bench.yaml's text. `file` names it in errors. */
export async function parseBench(text: string, file: string): Promise<DeviceConfig[]> {
  const document = parseDocument(text);
  const [syntax] = document.errors;
  if (syntax) throw new UsageError(`${file} isn't YAML: ${syntax.message.split('\n')[0]}`);
  const { devices } = checked(benchFile, document.toJS(), file, []);
  const configs = await Promise.all(Object.entries(devices).map(([name, entry]) => deviceConfigs(name, entry, file)));
  const all = configs.flat();
  demandDisksApart(all, file);
  return all;
}

/** What is written through one wire would be another's content. */
function demandDisksApart(devices: readonly DeviceConfig[], file: string): void {
  const wireOf = new Map<string, string>();
  for (const { id, wiring: { medium, sticks = [] } = {} } of devices) {
    const disks = sticks.map(({ disk }, index): [string, string] => [`devices.${id}.sticks.${index}.disk`, disk]);
    if (medium !== undefined) disks.unshift([`devices.${id}.medium.disk`, medium.disk]);
    for (const [wire, disk] of disks) {
      const other = wireOf.get(disk);
      if (other !== undefined) throw new UsageError(`${file}, ${wire}: ${disk} is ${other}'s already; give each a disk of its own`);
      wireOf.set(disk, wire);
    }
  }
}

async function deviceConfigs(name: string, entry: { type: string }, file: string): Promise<DeviceConfig[]> {
  const place = ['devices', name];
  const { wired } = await orSaid(deviceType(entry.type), `${file}, ${[...place, 'type'].join('.')}`);
  if (!wired) return virtualMachines(name, checked(virtualEntry, entry, file, place));
  const { type, ...wiring } = checked(boardEntry, entry, file, place);
  // A driver's options are checked by opening it, which touches nothing.
  const at = (...more: string[]) => `${file}, ${[...place, ...more].join('.')}`;
  const { power, medium, sticks = [] } = wiring;
  await orSaid(outlets.open(power), at('power'));
  if (medium !== undefined) await orSaid(muxes.open(medium.mux), at('medium', 'mux'));
  for (const [index, { mux }] of sticks.entries()) await orSaid(muxes.open(mux), at('sticks', String(index), 'mux'));
  return [{ id: name, type, wiring }];
}

function virtualMachines(name: string, { type, count, memoryMiB, cpus }: z.infer<typeof virtualEntry>): DeviceConfig[] {
  const ids = count === undefined ? [name] : Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
  return ids.map((id) => ({ id, type, ...(memoryMiB !== undefined && { memoryMiB }), ...(cpus !== undefined && { cpus }) }));
}

/** The value as the schema has it; a UsageError says where the first thing is that isn't so. */
function checked<T>(schema: z.ZodType<T>, value: unknown, file: string, place: readonly string[]): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = [...place, ...(issue?.path ?? []).map(String)].join('.');
  throw new UsageError(`${file}${where && `, ${where}`}: ${issue?.message}`, {
    advice: 'A bench.yaml looks like: devices: { qemu: { type: qemux86-64, count: 2 } }; README.md has one for a board',
  });
}

/** What a device part says of a wrong name or option is the file's mistake. */
async function orSaid<T>(asked: Promise<T>, where: string): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    if (!(cause instanceof DeviceError)) throw cause;
    throw new UsageError(`${where}: ${cause.message}`, { ...(cause.advice !== undefined && { advice: cause.advice }), cause });
  }
}
