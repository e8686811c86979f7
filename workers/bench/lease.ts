import { once } from 'node:events';
import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { CommandError } from '../errors.ts';

const holder = z.object({
  device: z.string(),
  pid: z.int(),
  /** What it is held for, in a word or two: a run's id, or `power on`. */
  purpose: z.string(),
  /** ISO time of the claim. */
  since: z.string(),
  /** The unix socket on which the holder's bench listens, once it does. */
  bench: z.string().optional(),
});

/** Who holds a device, as its lease file says. */
export type LeaseHolder = z.infer<typeof holder>;

/** The right to use one device of this host, until `release` or the end of this process, whichever comes first. */
export interface Lease {
  readonly device: string;
  /** Says on which socket the holder's bench listens, so that `console` and `ssh` find it. */
  publish(bench: string): Promise<void>;
  /** Settles when the lease is lost or released. */
  readonly ended: Promise<void>;
  release(): Promise<void>;
}

/**
 * The lock is the kernel's (flock on the lease file), held by a small shell whose standard input is a pipe from this process: when this
 * process ends, however it ends, the pipe closes, the shell removes the file while it still holds the lock, and the lease is free. No
 * clean-up of stale leases exists because none can be stale. The file that was locked must still be the one at that path: a holder that
 * was about to remove it may have let us in. Who only looks (`leaseHolder`) has a shared lock for a moment, which keeps us from ours: a lock that we can share is
 * no holder's, and is tried for again.
 */
const holdScript = `
exec 9<>"$1"
until flock --nonblock 9; do
  flock --nonblock --shared 9 || { echo busy; exit 0; }
  flock --unlock 9
done
[ "$1" -ef /proc/self/fd/9 ] || { echo retry; exit 0; }
echo held
cat >/dev/null
rm -f -- "$1"
`;

/** How long the shell may take to say what became of the claim; it waits for nobody but those who look. */
const claimBudgetMs = 10_000;

/** One folder for the whole host, like the UUCP locks of serial ports: two users' runs must see each other's leases. */
export async function leaseDirectory(): Promise<string> {
  for (const parent of ['/run/lock', tmpdir()]) {
    const directory = join(parent, 'boardwalk');
    try {
      await mkdir(directory, { recursive: true, mode: 0o1777 });
      await access(directory, constants.W_OK);
      return directory;
    } catch (error) {
      if (parent === tmpdir()) throw error;
    }
  }
  throw new CommandError('no folder for lease files', { exitCode: 3 });
}

/** Claims a device. Returns undefined when another process of this host holds it. */
export async function claimLease(device: string, purpose: string, directory?: string): Promise<Lease | undefined> {
  const file = join(directory ?? (await leaseDirectory()), `${device}.lease`);
  for (;;) {
    const shell = execa('sh', ['-c', holdScript, 'boardwalk-lease', file], {
      // Its own session: an interrupt typed at the terminal is for us, and we release in order.
      detached: true,
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
      reject: false,
      cleanup: false,
      buffer: { stdout: false, stderr: true },
    });
    const [answer] = await Promise.race([
      once(shell.stdout, 'data', { signal: AbortSignal.timeout(claimBudgetMs) }).then((chunk) => [String(chunk[0]).trim()]),
      shell.then((result) => [`exited: ${result.stderr || `code ${result.exitCode}`}`]),
    ]).catch((error: unknown) => {
      shell.kill('SIGKILL');
      throw error;
    });
    if (answer === 'busy') return undefined;
    if (answer === 'retry') continue;
    if (answer !== 'held') {
      shell.kill('SIGKILL');
      throw new CommandError(`the lease of ${device} (${file}) can't be taken: ${answer}`, { exitCode: 3 });
    }
    const state: LeaseHolder = { device, pid: process.pid, purpose, since: new Date().toISOString() };
    const write = (value: LeaseHolder): Promise<void> => writeFile(file, `${JSON.stringify(value)}\n`);
    await write(state);
    return {
      device,
      publish: (bench) => write({ ...state, bench }),
      ended: shell.then(() => undefined),
      release: async () => {
        shell.stdin.end();
        await shell;
      },
    };
  }
}

/** Who holds a device now; undefined when nobody does. */
export async function leaseHolder(device: string, directory?: string): Promise<LeaseHolder | undefined> {
  const file = join(directory ?? (await leaseDirectory()), `${device}.lease`);
  // A shared lock can be had only while nobody holds the exclusive one; the redirection fails where there is no file.
  const free = await execa('sh', ['-c', 'exec 9<"$1" && flock --nonblock --shared 9', 'boardwalk-lease', file], { reject: false });
  if (free.exitCode === 0) return undefined;
  try {
    const parsed = holder.safeParse(JSON.parse(await readFile(file, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    // Gone between the look and the read, or claimed and not yet written: nobody to name.
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT')) return undefined;
    throw error;
  }
}
