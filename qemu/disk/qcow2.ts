import { execa } from 'execa';
import { z } from 'zod';

import { budgets } from '../budgets.ts';
import { findProgram } from '../program.ts';

export const qcow2Magic = 'QFI\xfb';

const info = z.object({ 'virtual-size': z.int() });
/** Keys of `qemu-img check`; the image's end is where its last used cluster ends. */
const check = z.object({ 'image-end-offset': z.int().optional(), 'check-errors': z.int(), corruptions: z.int().optional() });

export interface Qcow2 {
  diskBytes: number;
  /** Where the file ends at the earliest, by its own tables. */
  endsAt: number;
  damage: string | undefined;
}

/** What QEMU says of a qcow2 image's own tables; it isn't written. */
export async function readQcow2(file: string): Promise<Qcow2> {
  const qemuImg = findProgram('qemu-img');
  const run = (...args: string[]) =>
    execa(qemuImg, args, { reject: false, stdin: 'ignore', timeout: budgets.qemuImg, killSignal: 'SIGKILL' });
  const described = await run('info', '--output=json', '-f', 'qcow2', '-U', file);
  if (described.exitCode !== 0) return { diskBytes: 0, endsAt: 0, damage: lastLine(described.stderr) };
  const { 'virtual-size': diskBytes } = info.parse(JSON.parse(described.stdout));
  const checked = await run('check', '--output=json', '-f', 'qcow2', '-U', file);
  const result = check.safeParse(jsonOrNothing(checked.stdout));
  if (!result.success) return { diskBytes, endsAt: 0, damage: lastLine(checked.stderr) };
  const damaged = result.data['check-errors'] > 0 || (result.data.corruptions ?? 0) > 0;
  return { diskBytes, endsAt: result.data['image-end-offset'] ?? 0, damage: damaged ? lastLine(checked.stderr) : undefined };
}

function lastLine(words: string): string {
  return words.trim().split('\n').at(-1) || 'qemu-img failed without a word';
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
