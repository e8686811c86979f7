import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { UsageError } from '../errors.ts';

const deviceId = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,47}$/i, 'letters, digits, “.”, “_” and “-”, 48 at most');

const deviceEntry = z.strictObject({
  type: z.string(),
  /** How many equal virtual machines: `qemu` with `count: 2` gives qemu-1 and qemu-2. */
  count: z.int().min(1).max(64).optional(),
  memoryMiB: z.int().min(256).max(65_536).optional(),
  cpus: z.int().min(1).max(16).optional(),
});

const benchFile = z.strictObject({ devices: z.record(deviceId, deviceEntry) });

/** One device of the bench, as bench.yaml describes it. */
export interface DeviceConfig {
  id: string;
  type: string;
  memoryMiB?: number;
  cpus?: number;
}

export interface BenchConfig {
  /** Where it was read: a path, or undefined for the bench that a host without a bench.yaml has. */
  source: string | undefined;
  devices: DeviceConfig[];
}

/** Without a bench.yaml the bench has virtual machines only. Of PCs one for each of two runs side by side, and one each to spare. */
export const virtualBench: BenchConfig = {
  source: undefined,
  devices: expand({ qemu: { type: 'qemux86-64', count: 4 }, arm64: { type: 'qemuarm64', count: 2 } }),
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
  return { source: file, devices: parseBench(text, file) };
}

/** The devices of a bench.yaml's text. `file` names it in errors. */
export function parseBench(text: string, file: string): DeviceConfig[] {
  const document = parseDocument(text);
  const [syntax] = document.errors;
  if (syntax) throw new UsageError(`${file} isn't YAML: ${syntax.message.split('\n')[0]}`);
  const parsed = benchFile.safeParse(document.toJS());
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.map(String).join('.') ?? '';
    throw new UsageError(`${file}${where && `, ${where}`}: ${issue?.message}`, {
      advice: 'A bench.yaml looks like: devices: { qemu: { type: qemux86-64, count: 2 } }',
    });
  }
  return expand(parsed.data.devices);
}

function expand(entries: z.infer<typeof benchFile>['devices']): DeviceConfig[] {
  return Object.entries(entries).flatMap(([name, { type, count, memoryMiB, cpus }]) => {
    const ids = count === undefined ? [name] : Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
    return ids.map((id) => ({ id, type, ...(memoryMiB !== undefined && { memoryMiB }), ...(cpus !== undefined && { cpus }) }));
  });
}
