import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { deviceType } from '../../devices/index.ts';
import { imageUnderTest } from '../image.ts';
import { stateDirectoryName } from '../state-directory.ts';
import { claimDevices, openBench, typeOf } from './bench.ts';
import type { BenchConfig } from './config.ts';

/** What `power on` leases a device for, and `power off` looks for before it ends the holder. */
export const holdPurpose = 'power on';

/**
 * Holds one device, powered on, until `signal` aborts: the process behind `boardwalk power on`. Its console is recorded in
 * `.boardwalk/devices/<id>/`. Resolves once everything is given back.
 */
export async function holdDevice(config: BenchConfig, id: string, image: string | undefined, signal: AbortSignal): Promise<void> {
  const leased = await claimDevices({ config, device: id, count: 1, purpose: holdPurpose });
  const type = typeOf(leased);
  // A board boots what is on its medium.
  const asItIs = image === undefined && (await deviceType(type)).wired;
  const boots = asItIs
    ? undefined
    : await imageUnderTest({ type, file: image, update: undefined, mirror: undefined, signal, onStep: () => undefined });
  const runDirectory = join(process.cwd(), stateDirectoryName, 'devices', id);
  await mkdir(runDirectory, { recursive: true });
  await using bench = await openBench({ leased, image: boots?.flash, artifacts: boots?.artifacts, fresh: 'run', runDirectory, signal });
  for (const { parts } of bench.devices) await parts.power.on();
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
