import { rm } from 'node:fs/promises';
import type { MachineSpec, SavedMemory } from '../machine/machine.ts';
import { startMachine } from '../machine/start.ts';

/**
 * Spreads a stream that a machine saved over files that another can begin with at once: a machine reads the one into the other, and never runs.
 * The stream is gone afterwards. It holds no page of zeros, so the memory's file has holes there.
 */
export async function spread(
  stream: string,
  into: Extract<SavedMemory, { bytes: string }>,
  spec: MachineSpec,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = signal ? { signal } : {};
  await using machine = await startMachine({ ...spec, memory: { stream, into: into.bytes } }, options);
  await machine.save(into.devices, options);
  await rm(stream);
}
