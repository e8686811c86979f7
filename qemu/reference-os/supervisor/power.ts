import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { UpdatesLocked, messageOf } from './errors.ts';
import type { DeviceFiles, Settings } from './settings.ts';
import { log } from './log.ts';

export type PowerAction = 'Reboot' | 'PowerOff';

/** logind answers a Reboot call at once; a bus that doesn't within this time is broken. */
const BUS_BUDGET_MS = 25_000;
const BREADCRUMBS = ['rollback-health-breadcrumb', 'rollback-altboot-breadcrumb'];

/**
 * While the OS decides whether its update is good, the device must not go down (facts §6.6).
 * @throws UpdatesLocked
 */
export function refuseDuringOsUpdate(files: DeviceFiles): void {
  if (BREADCRUMBS.some((name) => existsSync(join(files.stateDirectory, name)))) {
    throw new UpdatesLocked('Waiting for Host OS update to finish');
  }
}

/** Asks logind on the system bus, after the delay that lets the API's answer get out. */
export async function callLogind(action: PowerAction, settings: Settings): Promise<void> {
  const manager = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'];
  await wait(settings.paces.powerDelay);
  try {
    await promisify(execFile)(settings.busctl, ['--system', 'call', ...manager, action, 'b', 'false'], { timeout: BUS_BUDGET_MS });
  } catch (error) {
    log('error', `Unable to call logind's ${action}: ${messageOf(error)}`);
    throw error;
  }
}
