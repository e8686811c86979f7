import { z } from 'zod';
import { DeviceError, HostNote } from '../../devices/index.ts';
import type { DeviceConfig } from './config.ts';

const sick = z.object({
  since: z.iso.datetime(),
  /** What was seen of it, in a line. */
  reason: z.string(),
  /** The run directory with the evidence. */
  evidence: z.string(),
});
export type Sick = z.infer<typeof sick>;

/** What this host remembers of a board that the lab is to blame for: a run that may have any device doesn't get it. */
const note = (device: string): HostNote<Sick> => new HostNote('quarantine', device, sick);

/** Why a device is in quarantine, in a sentence; undefined where it isn't. */
export async function whyQuarantined(device: string): Promise<string | undefined> {
  const found = await note(device).read();
  if (found === undefined) return undefined;
  return 'reason' in found ? `in quarantine since ${found.since}: ${found.reason} (${found.evidence})` : 'in quarantine';
}

/**
 * Brings a device up by `firstBoot`, which is its health check: a board that fails it for the lab's reasons is put into quarantine, with its evidence, and one that passes it
 * is taken out. A virtual machine is as healthy as its host.
 */
export async function underQuarantine<T>({ id, wiring }: DeviceConfig, evidence: string, firstBoot: () => Promise<T>): Promise<T> {
  if (wiring === undefined) return firstBoot();
  try {
    const booted = await firstBoot();
    await note(id).remove();
    return booted;
  } catch (error) {
    if (error instanceof DeviceError && error.blame === 'infra') {
      const [reason = ''] = error.message.split('\n');
      await note(id).put({ since: new Date().toISOString(), reason, evidence });
    }
    throw error;
  }
}
