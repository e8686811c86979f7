import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';

import { budgets } from '../budgets.ts';
import { defaultCacheDirectory } from '../cache.ts';
import { pc } from '../machine/hardware.ts';
import { findProgram } from '../program.ts';
import { emulation, type Accelerator } from './accelerator.ts';
import { answeredExitCode, exitPort, probeDisk } from './boot-sector.ts';
import { replaceFile } from './replace-file.ts';
import { recallVerdict, rememberVerdict, type Verdict } from './verdict.ts';

export interface SelectOptions {
  /** QEMU's system emulator. Default: a PC's. */
  emulator?: string;
  signal?: AbortSignal;
}

const kvm = ['-accel', 'kvm'];
const tcg = emulation('multi');

/** The emulator of this host's own architecture: KVM runs no other. */
const ownEmulator: Partial<Record<NodeJS.Architecture, string>> = { x64: 'qemu-system-x86_64' };

/**
 * KVM if a guest was seen to run under it, software emulation otherwise. That /dev/kvm exists proves nothing: it can answer every ioctl
 * and hang each guest. The verdict of the probe is kept in the user's cache for this boot of the host and this QEMU.
 */
export async function selectAccelerator(options: SelectOptions = {}): Promise<Accelerator> {
  const emulator = options.emulator ?? pc.emulator;
  const binary = findProgram(emulator);
  if (emulator.startsWith('qemu-system-') && emulator !== ownEmulator[process.arch]) {
    return { accelerator: 'tcg', argv: tcg, reason: 'kvm runs no other architecture than the host’s' };
  }
  const closed = await whyClosed('/dev/kvm');
  if (closed !== undefined) return { accelerator: 'tcg', argv: tcg, reason: closed };
  const verdict = (await recallVerdict(binary)) ?? (await rememberVerdict(binary, await probeKvm(binary, options.signal)));
  return verdict.works
    ? { accelerator: 'kvm', argv: kvm, reason: verdict.reason }
    : { accelerator: 'tcg', argv: tcg, reason: verdict.reason };
}

/** What keeps this user from a device node; never cached, for it is looked up in no time and changes with a group or a module. */
async function whyClosed(node: string): Promise<string | undefined> {
  try {
    await access(node, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' ? 'kvm absent' : `kvm present, not open to this user (${String(code)} on ${node})`;
  }
}

/** Boots a guest of one sector under KVM, against a deadline. */
export async function probeKvm(binary: string, signal?: AbortSignal): Promise<Verdict> {
  const result = await execa(
    'setpriv',
    ['--pdeathsig', 'KILL', binary, ...kvm, '-cpu', 'host', ...probeArguments(await cachedProbeDisk())],
    {
      reject: false,
      stdin: 'ignore',
      timeout: budgets.acceleratorProbe,
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    },
  );
  signal?.throwIfAborted();
  if (result.exitCode === answeredExitCode) {
    return { works: true, reason: `kvm present, answered in ${(result.durationMs / 1000).toFixed(1)} s` };
  }
  return { works: false, reason: `kvm present, ${result.timedOut ? 'hung in probe' : `failed in probe: ${firstLine(result.stderr)}`}` };
}

/** The probe's disk as a file of the cache: a probe that is killed leaves no litter. */
async function cachedProbeDisk(): Promise<string> {
  const file = join(defaultCacheDirectory(), 'kvm-probe.img');
  await replaceFile(file, probeDisk());
  return file;
}

function probeArguments(disk: string): string[] {
  return [
    ['-no-user-config', '-nodefaults', '-display', 'none', '-machine', 'q35', '-smp', '2', '-m', '32'],
    ['-blockdev', JSON.stringify({ 'node-name': 'disk', driver: 'raw', 'read-only': true, file: { driver: 'file', filename: disk } })],
    ['-device', 'virtio-blk-pci,drive=disk,bootindex=0'],
    ['-device', `isa-debug-exit,iobase=${exitPort},iosize=4`],
  ].flat();
}

/** The first thing QEMU complained of, without its own name. */
function firstLine(words: string): string {
  const line = words.split('\n').find((each) => each.trim() !== '') ?? 'QEMU ended without a word';
  return line.replace(/^\S*qemu-system-\S+: (error: )?/, '').trim();
}
