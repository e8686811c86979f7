import type { ChildProcess } from 'node:child_process';

/**
 * Keeps what a process takes from outliving it. A custody is a directory (mode 0700) for sockets, overlays and other files of
 * the owner's, and a record of the processes that it started. However the owner ends (return, throw, a signal, `kill -9`),
 * the recorded processes are killed and the directory is removed within five seconds: by a small detached reaper that sees
 * the owner's end as the end of a pipe, or, if the reaper was killed as well, by the next `takeCustody` under the same root.
 */
export interface Custody extends AsyncDisposable {
  /** Absolute path, short enough for unix sockets of up to 24 characters' name in it. */
  readonly directory: string;
  /**
   * The command line to spawn instead of `[command, ...args]`: the process enters itself in the record before it becomes
   * `command`, and is killed with its parent. There is no moment in which it runs unrecorded. Its stdout and stderr are appended to
   * the file `output`: an inherited pipe would keep readers of the owner's output hanging. Spawn it detached (a session of its own).
   */
  guard(command: string, args: readonly string[], output: string): { command: string; args: string[] };
  /** Records a process that is already running, started by this owner and leading its own process group if it has children. */
  adopt(child: Pick<ChildProcess, 'pid'> | number): void;
  /** Takes a process that ended by itself off the record, and ends what remains of its process group. */
  disown(child: Pick<ChildProcess, 'pid'> | number): void;
  /** Kills what is still recorded, removes the directory; resolves once both are gone. Idempotent. */
  release(): Promise<void>;
}
