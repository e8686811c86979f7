import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { QemuMissing } from './errors.ts';

const debianPackages: Record<string, string> = {
  'qemu-img': 'qemu-utils',
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-system-aarch64': 'qemu-system-arm',
  'qemu-system-arm': 'qemu-system-arm',
  mcopy: 'mtools',
  setpriv: 'util-linux',
};

/** Absolute path of a program on PATH, or of the path given. Throws QemuMissing with the package that has it. */
export function findProgram(program: string): string {
  const candidates = program.includes('/')
    ? [program]
    : (process.env['PATH'] ?? '')
        .split(delimiter)
        .filter((directory) => directory !== '')
        .map((directory) => join(directory, program));
  const found = candidates.find(isExecutable);
  if (found === undefined) throw new QemuMissing(program, debianPackages[program] ?? 'qemu-system');
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
