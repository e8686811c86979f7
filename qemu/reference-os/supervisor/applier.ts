import { setTimeout as wait } from 'node:timers/promises';
import type { AppChanges } from './app-changes.ts';
import { appSpecOf } from './app-spec.ts';
import { ApplyQueue } from './apply-queue.ts';
import { type CurrentApp, currentApps } from './current-state.ts';
import type { Device } from './device.ts';
import type { Engine } from './engine.ts';
import { UpdatesLocked, hasCode, messageOf } from './errors.ts';
import { isEmpty, needsLocks, planApp } from './plan.ts';
import type { SpecContext } from './service-spec.ts';
import type { Paces } from './settings.ts';
import type { StateStore } from './state-store.ts';
import { ensureSupervisorNetwork } from './supervisor-network.ts';
import type { TargetApp } from './target-state.ts';
import type { TargetStore } from './target-store.ts';
import type { UpdateLocks } from './update-locks.ts';
import { log } from './log.ts';

/** The volume from which the OS loads further firmware; the device's own, no app's. */
export const EXTRA_FIRMWARE_VOLUME = 'extra-firmware';

export interface ApplyOptions {
  /** Removes users' locks. */
  force?: boolean;
  /** Removes the volumes of an app that isn't in the target; in local mode they stay. */
  removeVolumes?: boolean;
}

export interface ApplierParts {
  engine: Engine;
  device: Device;
  store: StateStore;
  targets: TargetStore;
  locks: UpdateLocks;
  changes: AppChanges;
  paces: Paces;
  /** Read for each apply: the host's name may have changed. */
  specContext: () => Promise<SpecContext>;
}

/** Brings the device to its target state, again and again until it is there. */
export class Applier {
  readonly queue = new ApplyQueue();
  readonly #parts: ApplierParts;
  #failures = 0;
  #pending = false;
  #failed = false;
  #shuttingDown = false;
  /** When the running apply began. */
  #since = performance.now();

  constructor(parts: ApplierParts) {
    this.#parts = parts;
  }

  get report(): { update_pending: boolean; update_failed: boolean; update_downloaded: boolean } {
    return { update_pending: this.#pending, update_failed: this.#failed, update_downloaded: false };
  }

  /** Milliseconds for which something has been applied; 0 when nothing is. */
  get busyFor(): number {
    return this.queue.busy ? performance.now() - this.#since : 0;
  }

  /** A new target clears what the old one ran into, so that the next failure waits briefly again. */
  forgetFailures(): void {
    this.#failures = 0;
  }

  /** Applies the target once the queue comes to it, and retries until that works. */
  trigger(options: ApplyOptions = {}): void {
    const attempt = async (): Promise<void> => {
      await this.#parts.targets.applyMode();
      await this.apply(this.#parts.targets.apps, options);
    };
    this.queue.trigger((signal) => this.#untilItWorks(attempt, signal));
  }

  /** Makes what every device has, on one that was never told what to run: there nothing is applied, as nothing may be removed. */
  triggerPreparation(): void {
    this.queue.trigger((signal) => this.#untilItWorks(() => this.#prepare(), signal));
  }

  /** From now on nothing is changed any more: the device goes down. */
  shutDown(): void {
    this.#shuttingDown = true;
    this.queue.abort();
  }

  async #untilItWorks(attempt: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { backoffUnit, backoffLimit } = this.#parts.paces;
    while (!signal.aborted && !this.#shuttingDown) {
      try {
        await attempt();
        this.#settle();
        return;
      } catch (error) {
        this.#failures += 1;
        this.#failed = true;
        this.#pending = true;
        const delay = Math.min(2 ** this.#failures * backoffUnit, backoffLimit);
        const reason = error instanceof UpdatesLocked ? 'Updates are locked' : 'Device state apply error';
        log('info', `${reason}, retrying in ${delay / 1000}s. Reason: ${messageOf(error)}`);
        await pause(delay, signal);
      }
    }
  }

  #settle(): void {
    this.#failures = 0;
    this.#failed = false;
    this.#pending = false;
  }

  /** One attempt to bring the device to these apps. Every app is tried; the first failure is thrown at the end. */
  async apply(targets: TargetApp[], options: ApplyOptions = {}): Promise<void> {
    this.#since = performance.now();
    await this.#prepare();
    const current = await currentApps(this.#parts.engine);
    const wanted = new Set(targets.map((target) => target.id));
    const work = [
      ...[...current.values()].filter((app) => !wanted.has(app.appId)).map((app) => () => this.removeApp(app, options)),
      ...targets.map((target) => () => this.updateApp(current.get(target.id), target, options)),
    ];
    const failures: unknown[] = [];
    for (const step of work) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** The network of the API and the volume for firmware. */
  async #prepare(): Promise<void> {
    const { engine, device } = this.#parts;
    await ensureSupervisorNetwork(engine);
    await engine.createVolume({ Name: EXTRA_FIRMWARE_VOLUME });
    await device.nameExtraFirmwareVolume(EXTRA_FIRMWARE_VOLUME);
  }

  /** Brings one app from what is there to its target. */
  async updateApp(present: CurrentApp | undefined, target: TargetApp, options: ApplyOptions = {}): Promise<void> {
    const { engine, store, changes } = this.#parts;
    const current = present ?? { appId: target.id, services: [], networks: [], volumes: [] };
    const context = await this.#parts.specContext();
    let spec = await appSpecOf(target, engine, context);
    if (spec.missingImages.length > 0) {
      this.#pending = true;
      for (const image of spec.missingImages) await engine.pullImage(image);
      spec = await appSpecOf(target, engine, context);
    }
    const plan = planApp(current, spec, store.state.fingerprints);
    if (!isEmpty(plan)) {
      this.#pending = true;
      log(
        'info',
        `applying app ${target.id}: removing ${plan.remove.length}, creating ${plan.install.length}, stopping ${plan.stop.length} containers`,
      );
      const services = [...current.services, ...spec.services].map((service) => service.serviceName);
      if (needsLocks(plan)) await this.withLocks(target.id, services, options, () => changes.run(plan));
      else await changes.run(plan);
    }
    if (spec.commit !== undefined && store.state.commits[target.id] !== spec.commit) {
      await store.update({ commits: { ...store.state.commits, [target.id]: spec.commit } });
    }
  }

  /** Removes an app: its containers and networks, and its volumes unless the device is in local mode. */
  async removeApp(app: CurrentApp, options: ApplyOptions = {}): Promise<void> {
    const { engine, changes, targets } = this.#parts;
    const removeVolumes = options.removeVolumes ?? !targets.localMode;
    if (app.services.length === 0 && app.networks.length === 0 && !removeVolumes) return;
    this.#pending = true;
    const remove = async (): Promise<void> => {
      await Promise.all(app.services.map((service) => changes.kill(service.containerId)));
      for (const network of app.networks) await engine.removeNetwork(network.name);
      if (removeVolumes) for (const volume of app.volumes) await engine.removeVolume(volume);
    };
    const services = app.services.map((service) => service.serviceName);
    if (services.length > 0) await this.withLocks(app.appId, services, options, remove);
    else await remove();
  }

  /** Holds the locks of an app's services; `force` and the config's override remove users' locks first. */
  async withLocks(appId: number, services: string[], options: ApplyOptions, operation: () => Promise<void>): Promise<void> {
    const force = options.force === true || this.#parts.targets.lockOverride;
    await this.#parts.locks.hold(appId, services, force, operation);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, { signal });
  } catch (error) {
    if (!hasCode(error, 'ABORT_ERR')) throw error;
  }
}
