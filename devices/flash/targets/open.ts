import { lstat, stat } from 'node:fs/promises';
import { TargetRefused } from '../errors.ts';
import type { Target } from '../target.ts';
import { openBlockDevice } from './block-device.ts';
import { thisSystem } from './block-devices.ts';
import { openFileTarget } from './file.ts';
import { demandFreeFile, type BlockRules } from './safety.ts';

/** Opens a disk that nobody uses, or a file. Throws TargetRefused for anything else. */
export async function openTarget(path: string, rules: BlockRules): Promise<Target> {
  const entry = await stat(path).catch(() => undefined);
  if (entry?.isBlockDevice()) return openBlockDevice(path, rules);
  if (entry?.isFile()) {
    await demandFreeFile(path, thisSystem);
    return openFileTarget(path);
  }
  if (entry !== undefined) throw new TargetRefused(`${path} is neither a disk nor a file`, { advice: 'Name one of them.' });
  // A file of that name in the host's memory would look like success.
  if (path.startsWith('/dev/')) throw new TargetRefused(`there is no ${path}`, { advice: 'Is the card inserted? lsblk shows all disks.' });
  if (await lstat(path).catch(() => undefined))
    throw new TargetRefused(`${path} is a link that leads nowhere`, { advice: 'Is the card inserted?' });
  return openFileTarget(path);
}
