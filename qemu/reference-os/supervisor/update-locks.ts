import { chmod, chown, lstat, mkdir, open, readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { deferred } from './deferred.ts';
import { UpdatesLocked, hasCode } from './errors.ts';
import type { DeviceFiles, Settings } from './settings.ts';

const LOCK_FILES = ['updates.lock', 'resin-updates.lock'];
/** Anybody may put a file there, nobody may remove another's: what v19.0.5 sets before it locks. */
const STICKY_WRITABLE = 0o1777;

/** The locks by which services keep their containers and their device from being restarted. They lock by existing. */
export class UpdateLocks {
  readonly #files: DeviceFiles;
  readonly #owner: number;
  readonly #lockWait: number;
  /** The operation that holds an app within this process. */
  readonly #held = new Map<number, Promise<void>>();

  constructor(settings: Settings, files: DeviceFiles) {
    this.#files = files;
    this.#owner = settings.lockOwner;
    this.#lockWait = settings.paces.lockWait;
  }

  /**
   * Runs `operation` while the locks of these services are held: both files of each are made, and removed after.
   * @param force removes the locks of users first
   * @throws UpdatesLocked if a user holds one, or another operation holds the app for longer than the wait
   */
  async hold<T>(appId: number, services: string[], force: boolean, operation: () => Promise<T>): Promise<T> {
    const release = await this.#holdApp(appId);
    const taken: string[] = [];
    try {
      for (const service of new Set(services)) await this.#takeService(appId, service, force, taken);
      return await operation();
    } finally {
      await Promise.all(taken.map((path) => removeLock(path)));
      release();
    }
  }

  /** As `hold`, for each service of these apps that ever had its directory made. */
  async holdApps<T>(appIds: number[], force: boolean, operation: () => Promise<T>): Promise<T> {
    const [first, ...others] = [...appIds].sort((a, b) => a - b);
    if (first === undefined) return operation();
    return this.hold(first, await this.#services(first), force, () => this.holdApps(others, force, operation));
  }

  async #services(appId: number): Promise<string[]> {
    try {
      const entries = await readdir(join(this.#files.serviceDirectory, String(appId)), { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  }

  async #holdApp(appId: number): Promise<() => void> {
    const deadline = performance.now() + this.#lockWait;
    for (let holder = this.#held.get(appId); holder !== undefined; holder = this.#held.get(appId)) {
      const timer = new AbortController();
      const patience = wait(Math.max(0, deadline - performance.now()), 'expired', { signal: timer.signal });
      const outcome = await Promise.race([holder, patience]);
      if (outcome === 'expired') {
        throw new UpdatesLocked(`Locks for app ${appId} are being held by another supervisor operation`);
      }
      timer.abort();
      await patience.catch(() => undefined);
    }
    const { promise, resolve } = deferred<void>();
    this.#held.set(appId, promise);
    return () => {
      this.#held.delete(appId);
      resolve();
    };
  }

  async #takeService(appId: number, service: string, force: boolean, taken: string[]): Promise<void> {
    const directory = join(this.#files.serviceDirectory, String(appId), service);
    await mkdir(directory, { recursive: true });
    await chmod(directory, STICKY_WRITABLE);
    for (const name of LOCK_FILES) {
      const path = join(directory, name);
      if (force || (await this.#isLeftOver(path))) await removeLock(path);
      try {
        await (await open(path, 'wx')).close();
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
        throw new UpdatesLocked(`Lockfile exists for { appId: ${appId}, service: ${service} }`, { cause: error });
      }
      taken.push(path);
      // Only root may give a file away; without it (a test) the locks are known by being in `taken`.
      if (process.getuid?.() === 0) await chown(path, this.#owner, this.#owner);
    }
  }

  /** A lock of ours that a crash left behind. */
  async #isLeftOver(path: string): Promise<boolean> {
    try {
      return (await lstat(path)).uid === this.#owner;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false;
      throw error;
    }
  }
}

/** A lock may be a directory too; one with something in it stays. */
async function removeLock(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    if (!hasCode(error, 'EISDIR', 'EPERM')) throw error;
    await removeEmptyDirectory(path);
  }
}

async function removeEmptyDirectory(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY', 'ENOENT')) throw error;
  }
}
