import { execa } from 'execa';

import { QemuError, QemuMissing } from '../errors.ts';

/** A program of the host that takes part in a build failed; the evidence is the end of what it said. */
export class BuildCommandFailed extends QemuError {
  override readonly name = 'BuildCommandFailed';
}

export interface CommandOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds; the command is ended when they are spent. */
  budget: number;
  environment?: Record<string, string>;
  input?: string;
  /** Each line of standard error as it comes. */
  onLine?: ((line: string) => void) | undefined;
  /** What to do if it fails; one sentence. */
  advice?: string;
}

/** The Debian package of each program that builds call, for the error that says what to install. As in qemu/system-packages.txt. */
const debianPackages: Record<string, string> = {
  as: 'binutils',
  chroot: 'coreutils',
  cp: 'coreutils',
  dd: 'coreutils',
  'dpkg-deb': 'dpkg',
  'grub-mkimage': 'grub-common',
  ld: 'binutils',
  lz4: 'lz4',
  mcopy: 'mtools',
  mkimage: 'u-boot-tools',
  mke2fs: 'e2fsprogs',
  'mkfs.vfat': 'dosfstools',
  mmdebstrap: 'mmdebstrap',
  npm: 'npm',
  setpriv: 'util-linux',
  strip: 'binutils',
  tar: 'tar',
  xz: 'xz-utils',
};

const evidenceLines = 15;

/**
 * Runs a program of the host to its end and returns its standard output. It dies with this process, whatever ends it.
 * Throws BuildCommandFailed, QemuMissing if the program isn't installed, the signal's reason if it was aborted.
 */
export async function runCommand(program: string, programArguments: readonly string[], options: CommandOptions): Promise<string> {
  options.signal?.throwIfAborted();
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  const running = execa('setpriv', ['--pdeathsig', 'TERM', program, ...programArguments], {
    reject: false,
    stripFinalNewline: true,
    timeout: options.budget,
    env: { ...options.environment, PATH: path, LC_ALL: 'C' },
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
  });
  if (options.onLine !== undefined) void follow(running.iterable({ from: 'stderr' }), options.onLine);
  const result = await running;
  if (!result.failed) return result.stdout;
  options.signal?.throwIfAborted();
  // util-linux's setpriv tells exec failures as env(1) does; without setpriv itself there is no exit code at all.
  if (result.code === 'ENOENT') throw new QemuMissing('setpriv', 'util-linux', result.cause);
  if (result.exitCode === 127 || /failed to execute/u.test(result.stderr)) {
    throw new QemuMissing(program, debianPackages[program] ?? program, result.cause);
  }
  const said = `${result.stdout}\n${result.stderr}`.split('\n').filter((line) => line.trim() !== '');
  const how = result.timedOut
    ? `was not done after ${(options.budget / 1000).toFixed(1)} s`
    : result.signal === undefined
      ? `ended with exit code ${String(result.exitCode)}`
      : `was ended by ${result.signal}`;
  // Of what apt and mmdebstrap say at their ends, the first error is the reason and the others follow from it.
  const why = said.find((line) => line.startsWith('E: ')) ?? said.at(-1) ?? 'it said nothing';
  throw new BuildCommandFailed(`${program} ${how}: ${why}`, {
    advice: options.advice ?? `Run it by hand to see more: ${program} ${programArguments.join(' ')}`,
    evidence: said.slice(-evidenceLines),
    cause: result.cause,
  });
}

/** How the command ended is told by its result; what it says is only shown. */
async function follow(lines: AsyncIterable<string>, onLine: (line: string) => void): Promise<void> {
  for await (const line of lines) onLine(line);
}
