import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runCommand, sourceDateEpoch } from '../../debian/index.ts';
import { fillIn, type Blanks } from '../fill-in.ts';
import { hostTool } from '../host-tool.ts';
import type { Loader, LoaderSite } from './loader.ts';

const mkimageBudget = 10_000;
const files = join(import.meta.dirname, '../files/u-boot');

/**
 * U-Boot, which a board brings along: it finds boot.scr on the first partition, and all else is that script's affair.
 * @param blanks what the board fills in in the script: CONSOLE, KERNEL, BOOT, the command that boots such a kernel, and
 *   DEVICE_TREE, the variable that says where the board's description is
 */
export function uBoot(blanks: Blanks): Loader {
  return {
    files,
    partitions: [],
    inputs: async () => ({ mkimage: await hostTool('mkimage', '-V') }),
    async fillBootPartition(directory: string, { scratch, signal }: LoaderSite) {
      const commands = join(scratch, 'boot.cmd');
      await writeFile(commands, fillIn(await readFile(join(files, 'boot.cmd'), 'utf8'), blanks));
      await runCommand('mkimage', ['-T', 'script', '-C', 'none', '-n', 'slots', '-d', commands, join(directory, 'boot.scr')], {
        signal,
        budget: mkimageBudget,
        environment: { SOURCE_DATE_EPOCH: String(sourceDateEpoch) },
      });
      await writeFile(join(directory, 'resinOS_uEnv.txt'), 'resin_root_part=2\nupgrade_available=0\n');
      await writeFile(join(directory, 'bootcount.env'), 'bootcount=0\n');
    },
  };
}
