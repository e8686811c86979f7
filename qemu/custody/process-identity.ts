import { readFileSync, readlinkSync } from 'node:fs';
import { z } from 'zod';

/**
 * A process, told apart from every other that may carry the same pid: pids are reused, start times count from the host's boot,
 * and a container has pids of its own.
 */
export const processIdentity = z.object({
  pid: z.int().positive(),
  /** Field 22 of /proc/PID/stat: clock ticks after the host's boot, proc(5). */
  startTime: z.string(),
  bootId: z.string(),
  /** Target of /proc/self/ns/pid of the process that wrote the record. */
  pidNamespace: z.string(),
});

export type ProcessIdentity = z.infer<typeof processIdentity>;

/** Start time of a process that is alive; undefined for one that is gone or a zombie. */
export function startTimeOf(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field, the name in parentheses, may hold blanks and parentheses itself: the third field follows the last one.
  const fromThird = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fromThird[0] === 'Z' ? undefined : fromThird[22 - 3];
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? '',
    bootId: bootId(),
    pidNamespace: readlinkSync('/proc/self/ns/pid'),
  };
}

/**
 * Whether a recorded process is still there: `unknown` if it lives in another pid namespace of this boot,
 * `before-boot` if the host was restarted since, which leaves none of its processes.
 */
export function fateOf(recorded: ProcessIdentity): 'alive' | 'ended' | 'before-boot' | 'unknown' {
  const own = ownIdentity();
  if (recorded.bootId !== own.bootId) return 'before-boot';
  if (recorded.pidNamespace !== own.pidNamespace) return 'unknown';
  return startTimeOf(recorded.pid) === recorded.startTime ? 'alive' : 'ended';
}
