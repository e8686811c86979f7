import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { StickFilesystem } from '../sticks.ts';
import { searchPath } from '../tool.ts';
import { btrfs } from './btrfs.ts';
import { ext4 } from './ext4.ts';
import type { Format } from './format.ts';
import { vfat } from './vfat.ts';

/** The file systems that the bench can both make and read back without mounting them. */
export const formats: Readonly<Partial<Record<StickFilesystem, Format>>> = { vfat, ext4, btrfs };

/** Those whose programs are on this bench, and `none`. */
export function availableFilesystems(): StickFilesystem[] {
  const names: StickFilesystem[] = ['vfat', 'ext4', 'exfat', 'ntfs', 'btrfs', 'none'];
  return names.filter((name) => name === 'none' || formats[name]?.programs.every(isOnPath));
}

function isOnPath(program: string): boolean {
  return searchPath.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
