import { DeviceError } from '../errors.ts';
import type { ConnectBenchOptions } from '../remote/client.ts';

/** A suite was started without a bench behind it. */
export class NoBench extends DeviceError {
  override readonly name = 'NoBench';
}

/**
 * Which device a Playwright worker may use, as whoever leased it said in the environment: BOARDWALK_BENCH (path of the bench's
 * socket), BOARDWALK_TOKEN, BOARDWALK_DEVICES (ids, commas between). A worker that follows a failed one has the same parallelIndex.
 */
export function leasedDevice(environment: NodeJS.ProcessEnv, parallelIndex: number): ConnectBenchOptions {
  const { BOARDWALK_BENCH: socketPath, BOARDWALK_TOKEN: token, BOARDWALK_DEVICES: devices } = environment;
  if (!socketPath || !token || !devices) {
    throw new NoBench('this suite has no bench to run on', {
      blame: 'test',
      advice: 'Start it by `npx boardwalk run`, which leases a device for it, not by Playwright alone.',
    });
  }
  const leased = devices.split(',');
  const device = leased[parallelIndex];
  if (device === undefined) {
    throw new NoBench(`Playwright worker ${parallelIndex} has no device: ${leased.length} leased (${devices})`, {
      blame: 'harness',
      advice: `Give Playwright --workers=${leased.length}.`,
    });
  }
  return { socketPath, token, device };
}
