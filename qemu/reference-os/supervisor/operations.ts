import type { AppChanges } from './app-changes.ts';
import { appSpecOf } from './app-spec.ts';
import { type Applier, EXTRA_FIRMWARE_VOLUME } from './applier.ts';
import { type CurrentApp, currentApps } from './current-state.ts';
import type { Engine } from './engine.ts';
import { BadRequest, NotFound, SupervisorError } from './errors.ts';
import type { ServiceSpec, SpecContext } from './service-spec.ts';
import type { StateStore } from './state-store.ts';
import type { TargetStore } from './target-store.ts';
import type { UpdateLocks } from './update-locks.ts';

export type ServiceAction = 'restart' | 'stop' | 'start';

export interface ServiceChoice {
  serviceName?: string | undefined;
  imageId?: number | undefined;
}

export interface OperationParts {
  engine: Engine;
  store: StateStore;
  targets: TargetStore;
  locks: UpdateLocks;
  changes: AppChanges;
  applier: Applier;
  specContext: () => Promise<SpecContext>;
}

/** The faults in v19.0.5's words. */
const NO_APP = `App not found: an app needs to be installed for this endpoint to work.
	If you've recently moved this device from another app,
	please push an app and wait for it to be installed first.`;
const NO_SERVICE = 'Service not found, a container must exist for this endpoint to work';
const NOT_IN_TARGET = 'Service does not exist in target release';
export const NO_CHOICE =
  'serviceName or imageId parameters were not provided or the app is multi-container. Use the v2 service action endpoints.';

/** What users ask of apps by the API. */
export class Operations {
  readonly #parts: OperationParts;

  constructor(parts: OperationParts) {
    this.#parts = parts;
  }

  /** Makes every container of an app anew; volumes stay. */
  async restartApp(appId: number, force: boolean): Promise<void> {
    await this.#exclusively(appId, async (app) => {
      const { applier, changes } = this.#parts;
      const services = app.services.map((service) => service.serviceName);
      await applier.withLocks(appId, services, { force }, async () => {
        await Promise.all(app.services.map((service) => changes.kill(service.containerId)));
      });
    });
  }

  /** Makes an app anew with empty volumes. */
  async purgeApp(appId: number, force: boolean): Promise<void> {
    await this.#exclusively(appId, async (app) => {
      const { applier, engine } = this.#parts;
      await applier.removeApp(app, { force, removeVolumes: true });
      await engine.removeVolume(EXTRA_FIRMWARE_VOLUME);
      await engine.createVolume({ Name: EXTRA_FIRMWARE_VOLUME });
    });
  }

  /** Does something to an app, brings the app back to its target, and lets waiting updates go on. */
  async #exclusively(appId: number, operation: (app: CurrentApp) => Promise<void>): Promise<void> {
    const { applier, engine, targets } = this.#parts;
    const app = (await currentApps(engine)).get(appId);
    if (app === undefined) throw new SupervisorError(`Application with ID ${appId} is not in the current state`);
    try {
      await applier.queue.exclusive(async () => {
        await operation((await currentApps(engine)).get(appId) ?? app);
        const target = targets.app(appId);
        if (target !== undefined) await applier.updateApp((await currentApps(engine)).get(appId), target);
      });
    } finally {
      applier.trigger();
    }
  }

  /**
   * Restarts (makes anew), stops or starts one service. An app of one service needs no choice, and any choice means that service.
   * @param legacy v1 answers 400 where v2 answers 404
   */
  async actOnService(
    action: ServiceAction,
    appId: number,
    choice: ServiceChoice,
    options: { force: boolean; legacy: boolean },
  ): Promise<void> {
    const { engine, targets, locks, changes } = this.#parts;
    const Missing = options.legacy ? BadRequest : NotFound;
    const target = targets.app(appId);
    if (target === undefined) throw new SupervisorError(`No app with id ${appId} in the target state`);
    const services = (await currentApps(engine)).get(appId)?.services ?? [];
    const [only] = services;
    if (only === undefined) throw new Missing(NO_APP);
    if (services.length > 1 && choice.serviceName === undefined && choice.imageId === undefined) throw new BadRequest(NO_CHOICE);
    const current =
      services.length === 1
        ? only
        : services.find((service) => service.imageId === choice.imageId || service.serviceName === choice.serviceName);
    if (current === undefined) throw new Missing(NO_SERVICE);
    const spec = await this.#specOfService(appId, current.serviceName);
    if (action === 'start') {
      await this.#startService(spec);
      return;
    }
    await locks.holdApps([appId], options.force || targets.lockOverride, async () => {
      if (action === 'stop') await changes.stop(current.containerId);
      else {
        await changes.kill(current.containerId);
        await changes.createAndStart(spec);
      }
    });
  }

  async #specOfService(appId: number, serviceName: string): Promise<ServiceSpec> {
    const { engine, targets } = this.#parts;
    const target = targets.app(appId);
    const spec = target === undefined ? undefined : await appSpecOf(target, engine, await this.#parts.specContext());
    const service = spec?.services.find((candidate) => candidate.serviceName === serviceName);
    if (service === undefined) throw new NotFound(NOT_IN_TARGET);
    return service;
  }

  /** A container that was made from this very spec is started as it is. */
  async #startService(spec: ServiceSpec): Promise<void> {
    const { engine, store, changes } = this.#parts;
    const containers = (await currentApps(engine)).get(spec.appId)?.services ?? [];
    const match = containers.findLast(
      (container) => container.serviceName === spec.serviceName && store.state.fingerprints[container.containerId] === spec.fingerprint,
    );
    if (match === undefined) await changes.createAndStart(spec);
    else await changes.start(match.containerId);
  }
}
