import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { budgets } from '../budgets.ts';
import { QemuError } from '../errors.ts';
import { findProgram } from '../program.ts';
import { within } from '../within.ts';
import type { Custody } from './custody.ts';
import { ownIdentity, startTimeOf } from './process-identity.ts';
import { reap, startReaper } from './reaper.ts';
import { custodyRoot } from './root.ts';
import { sweep, unfinishedPrefix } from './sweep.ts';

export interface CustodyOptions {
  /** Directory under whose `custody/` it is made, e.g. the state directory. Default, and where that path is too long: a folder of this user's in $TMPDIR. */
  root?: string;
  /** Names the owner's thing, e.g. a device: letters, digits, dot, dash; at most 20 characters. */
  name: string;
}

/** Enters its own pid and start time in the record ($1 is the folder), turns its output to a file ($2), and becomes the command. */
const recordThenBecome = `
processes=$1 output=$2
shift 2
read -r stat <"/proc/$$/stat" || exit 126
started=$(set -- \${stat##*) }; echo "\${20}")
echo "$started" >"$processes/$$" || exit 126
exec "$@" >>"$output" 2>&1
`;

/** Takes a custody for this process, and first sweeps what dead owners left under the same root. */
export async function takeCustody(options: CustodyOptions): Promise<Custody> {
  if (!/^[A-Za-z0-9.-]{1,20}$/.test(options.name)) throw new TypeError(`a custody can't be named ${JSON.stringify(options.name)}`);
  const root = custodyRoot(options.root, options.name);
  await sweep(root);
  const setpriv = findProgram('setpriv');
  const directory = makeDirectory(root, options.name);
  const processes = join(directory, 'processes');
  const reaper = startReaper(directory);
  await once(reaper, 'spawn');
  const reaperEnded = once(reaper, 'close');
  // An owner that has nothing left to do may end: that is what the reaper waits for.
  reaper.unref();
  reaper.stdin.on('error', () => reaper.stdin.destroy());

  let released: Promise<void> | undefined;
  const release = async () => {
    reaper.ref();
    reaper.stdin.end();
    await within(reaperEnded, {
      awaited: `the end of the processes and files in ${directory}`,
      milliseconds: budgets.custodyRelease,
      seen: () => `the reaper (pid ${reaper.pid}) is still at work`,
      advice: `Look for processes in uninterruptible sleep: ls ${processes}`,
    });
    // A reaper that was killed left everything as it was.
    if (exists(directory)) await reap(directory);
    if (exists(directory)) {
      throw new QemuError(`${directory} could not be removed`, { advice: `Remove it by hand: rm -rf ${directory}` });
    }
  };

  return {
    directory,
    guard: (command, args, output) => ({
      command: setpriv,
      args: ['--pdeathsig', 'KILL', 'sh', '-c', recordThenBecome, 'boardwalk-guard', processes, resolve(output), command, ...args],
    }),
    adopt: (child) => {
      const pid = pidOf(child);
      const startTime = startTimeOf(pid);
      if (startTime !== undefined) writeFileSync(join(processes, String(pid)), `${startTime}\n`);
    },
    disown: (child) => {
      const pid = pidOf(child);
      killGroup(pid);
      removeRecord(join(processes, String(pid)));
    },
    release: () => (released ??= release()),
    [Symbol.asyncDispose]: () => (released ??= release()),
  };
}

function makeDirectory(root: string, name: string): string {
  const unfinished = mkdtempSync(join(root, unfinishedPrefix));
  try {
    mkdirSync(join(unfinished, 'processes'), { mode: 0o700 });
    writeFileSync(join(unfinished, 'owner.json'), JSON.stringify(ownIdentity()));
    const directory = join(root, `${name}-${unfinished.slice(-6)}`);
    renameSync(unfinished, directory);
    return directory;
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

function pidOf(child: { pid?: number | undefined } | number): number {
  const pid = typeof child === 'number' ? child : child.pid;
  if (pid === undefined || pid <= 1 || pid === process.pid) throw new TypeError(`process ${pid} can't be taken into custody`);
  return pid;
}

/** Ends what a leader left in its group. */
function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function removeRecord(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
