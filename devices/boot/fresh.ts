import { createDevice } from '../compose.ts';
import type { Boot, Device } from '../device.ts';
import { DeviceError } from '../errors.ts';
import type { ProvisionedDevice } from '../types/device-type.ts';

/** A device as it was flashed that answers, and what it took. */
export interface Fresh {
  /** In order: a boot by the loader, a restored one, or both where the booted device was kept for the next time. */
  boots: Boot[];
  /** Why it had to boot, though a booted device was kept once. */
  reason?: string;
}

export interface FreshOptions {
  signal?: AbortSignal | undefined;
  /** Called as soon as it is known that the device is restored from one that was kept before. */
  onRestoring?: (() => void) | undefined;
}

/**
 * Makes a device fresh: restored from a booted one where one was kept, else booted by its own loader, and then kept for others to be restored from.
 * Resolves once SSH, engine and supervisor answer.
 */
export async function freshDevice(parts: ProvisionedDevice, { signal, onRestoring }: FreshOptions = {}): Promise<Fresh> {
  const device = createDevice(parts);
  const waiting = signal ? { signal } : {};
  try {
    // 1. What was kept.
    const { restores, reason: unusable } = await parts.renew();
    let reason = unusable;
    if (restores) {
      onRestoring?.();
      try {
        return { boots: [await restored(device, waiting)] };
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof DeviceError)) throw error;
        reason = `the one that was kept could not be restored: ${error.message}`;
        await parts.renew({ restore: false });
      }
    }

    // 2. A boot.
    const boot = await device.ready(waiting);
    const fresh = { boots: [boot], ...(reason !== undefined && { reason }) };
    if (parts.keep === undefined || restores) return fresh;

    // 3. Kept, and fresh once more from what was kept: the device's disk is now the next one's, too.
    await device.engine.preload(waiting);
    await device.host.check(quiesce, waiting);
    await device.close();
    await parts.keep(waiting);
    const next = await freshDevice(parts, waiting);
    return { ...fresh, ...next, boots: [boot, ...next.boots] };
  } finally {
    await device.close();
  }
}

/** On the disk as in memory. The page cache is kept, too: without it the first command of a restored device takes a sixth longer. */
const quiesce = 'sync';

/** Its clock stood still since it was kept: it is set as soon as somebody answers. */
async function restored(device: Device, waiting: { signal?: AbortSignal }): Promise<Boot> {
  const boot = await device.ready(waiting);
  const now = Date.now() / 1000;
  // busybox's date takes no fraction.
  await device.host.check(`date -u -s @${now.toFixed(3)} >/dev/null 2>&1 || date -u -s @${now.toFixed(0)} >/dev/null`, waiting);
  return boot;
}
