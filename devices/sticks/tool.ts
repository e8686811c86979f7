import { execa } from 'execa';
import { StickFailed } from './errors.ts';

/** Milliseconds for one call: copying half a gigabyte takes seconds on a loaded bench. */
const toolBudget = 120_000;

/** Where programs are looked for: mke2fs and its kin are no commands of an ordinary user's PATH on Debian. */
export const searchPath = [...(process.env['PATH'] ?? '').split(':').filter((directory) => directory !== ''), '/usr/sbin', '/sbin'];

const environment = {
  PATH: searchPath.join(':'),
  LC_ALL: 'C.UTF-8',
  // Settings of the bench's user don't reach the sticks; the geometry of our own images needs no check.
  MTOOLSRC: '/dev/null',
  MTOOLS_SKIP_CHECK: '1',
};

export interface ToolResult {
  exitCode: number;
  stdout: Buffer;
  stderr: string;
}

/**
 * Runs one of the programs that make and read file systems.
 * @param accepted exit codes that are no failure.
 */
export async function tool(program: string, args: string[], accepted: readonly number[] = [0]): Promise<ToolResult> {
  const result = await execa(program, args, {
    env: environment,
    stdin: 'ignore',
    encoding: 'buffer',
    stripFinalNewline: false,
    timeout: toolBudget,
    reject: false,
  });
  const stderr = Buffer.from(result.stderr).toString('utf8');
  const { exitCode } = result;
  if (exitCode !== undefined && accepted.includes(exitCode)) return { exitCode, stdout: Buffer.from(result.stdout), stderr };
  if (result.code === 'ENOENT') {
    throw new StickFailed(`${program} is not on this bench`, {
      blame: 'infra',
      advice: `Install it: apt install ${debianPackages[program] ?? program}`,
    });
  }
  throw new StickFailed(`${program} failed: ${lastLine(stderr) ?? result.shortMessage ?? `exit code ${exitCode}`}`, {
    blame: 'infra',
    evidence: [{ kind: 'command', text: `$ ${program} ${args.join(' ')}\n${stderr}` }],
    advice: 'Is there room on the bench’s disk, and on the stick (sizeMiB)?',
  });
}

const debianPackages: Readonly<Record<string, string>> = {
  'mkfs.vfat': 'dosfstools',
  mcopy: 'mtools',
  mdir: 'mtools',
  mtype: 'mtools',
  mke2fs: 'e2fsprogs',
  debugfs: 'e2fsprogs',
  e2fsck: 'e2fsprogs',
};

function lastLine(text: string): string | undefined {
  return text.trim().split('\n').at(-1) || undefined;
}
