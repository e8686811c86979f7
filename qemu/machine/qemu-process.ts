import { execa } from 'execa';

import type { Custody } from '../custody/custody.ts';
import { QemuError } from '../errors.ts';

/** A QEMU in a process session of its own. */
export interface QemuProcess {
  readonly pid: number;
  /** Settles when the process ended; never rejects. */
  readonly ended: Promise<{ code: number | undefined; signal: string | undefined }>;
  /** SIGKILL. */
  kill(): void;
}

/**
 * Spawns QEMU under custody, detached, without stdin, with stdout and stderr appended to a file. Linux sends the death signal that
 * custody sets when the spawning *thread* ends: call it on the main thread.
 */
export function spawnQemu(custody: Custody, binary: string, argv: string[], output: string): QemuProcess {
  const guarded = custody.guard(binary, argv, output);
  const child = execa(guarded.command, guarded.args, { cwd: '/', detached: true, cleanup: false, reject: false, stdio: 'ignore' });
  const ended = child.then(({ exitCode, signal }) => ({ code: exitCode, signal }));
  if (child.pid === undefined) {
    throw new QemuError(`${guarded.command} could not be spawned`, {
      advice: 'The host may have no process or memory left: ulimit -u, free -m.',
    });
  }
  return { pid: child.pid, ended, kill: () => child.kill('SIGKILL') };
}
