import type { AppChanges } from './app-changes.ts';
import type { Applier } from './applier.ts';
import { type CurrentService, currentServices } from './current-state.ts';
import type { Device } from './device.ts';
import type { Engine } from './engine.ts';
import { environmentFromLines, withoutDeviceName } from './environment.ts';
import { BadRequest } from './errors.ts';
import type { JsonRecord } from './json-values.ts';
import { ipAddresses, macAddresses } from './network-addresses.ts';
import { type DeviceFiles, SUPERVISOR_VERSION } from './settings.ts';
import type { StateStore } from './state-store.ts';
import type { TargetApp } from './target-state.ts';
import type { TargetStore } from './target-store.ts';

export interface ReportParts {
  files: DeviceFiles;
  engine: Engine;
  device: Device;
  store: StateStore;
  targets: TargetStore;
  changes: AppChanges;
  applier: Applier;
  port: () => number;
}

type Permits = (appId: number) => boolean;

const SECRETS = new Set(['RESIN_SUPERVISOR_API_KEY', 'RESIN_API_KEY', 'BALENA_SUPERVISOR_API_KEY', 'BALENA_API_KEY']);

/** One service of a target app with the image it runs. */
function targetServices(app: TargetApp): { serviceName: string; imageId: number; image: string; releaseId: number }[] {
  const { release } = app;
  if (release === undefined) return [];
  return Object.entries(release.services).map(([serviceName, { imageId, image }]) => ({
    serviceName,
    imageId,
    image,
    releaseId: release.id,
  }));
}

/** What the API says of the device and its apps, in the shapes of v19.0.5. */
export class Reports {
  readonly #parts: ReportParts;

  constructor(parts: ReportParts) {
    this.#parts = parts;
  }

  /** The containers as they are, with what is happening to them. */
  async services(permits: Permits): Promise<CurrentService[]> {
    const services = await currentServices(this.#parts.engine);
    return services
      .filter((service) => permits(service.appId))
      .map((service) => ({ ...service, status: this.#parts.changes.transitions.get(service.containerId) ?? service.status }));
  }

  /** GET /v1/device. */
  async device(): Promise<JsonRecord> {
    const { device, applier, files, store } = this.#parts;
    const [first] = await this.services(() => true);
    const commit = first === undefined ? undefined : store.state.commits[first.appId];
    return {
      api_port: this.#parts.port(),
      ip_address: ipAddresses(),
      os_version: device.osVersion ?? null,
      mac_address: await macAddresses(files),
      supervisor_version: SUPERVISOR_VERSION,
      ...applier.report,
      ...(commit === undefined || applier.queue.busy ? {} : { commit }),
      ...(first === undefined ? {} : { status: first.status === 'Running' ? 'Idle' : first.status, download_progress: null }),
    };
  }

  /** GET /v1/apps/:id, for an app of one service. */
  async singleContainerApp(appId: number): Promise<JsonRecord> {
    const services = (await this.services(() => true)).filter((service) => service.appId === appId);
    const [service] = services;
    if (service === undefined) throw new BadRequest('App not found');
    if (services.length > 1) throw new BadRequest('Some v1 endpoints are only allowed on single-container apps');
    const environment = withoutDeviceName(environmentFromLines(await this.#parts.engine.containerEnvironment(service.containerId)));
    return {
      appId,
      commit: this.#parts.store.state.commits[appId],
      containerId: service.containerId,
      env: Object.fromEntries(Object.entries(environment).filter(([name]) => !SECRETS.has(name))),
      imageId: service.image,
      releaseId: service.releaseId,
    };
  }

  /** GET /v2/state/status: of the first app only. */
  async status(permits: Permits): Promise<JsonRecord> {
    const { targets, applier, store } = this.#parts;
    const services = await this.services(permits);
    const apps = targets.apps.filter((app) => permits(app.id));
    const appId = services[0]?.appId ?? apps[0]?.id;
    return {
      status: 'success',
      appState: applier.queue.busy ? 'applying' : 'applied',
      overallDownloadProgress: null,
      containers: services
        .filter((service) => service.appId === appId)
        .map(({ status, serviceName, appId: app, imageId, serviceId, containerId, createdAt }) => ({
          status,
          serviceName,
          appId: app,
          imageId,
          serviceId,
          containerId,
          createdAt,
        })),
      images: await this.#images(apps.filter((app) => app.id === appId)),
      ...(appId === undefined ? {} : { release: store.state.commits[appId] }),
    };
  }

  async #images(apps: TargetApp[]): Promise<JsonRecord[]> {
    const named = apps.flatMap((app) => targetServices(app).map((service) => ({ appId: app.id, ...service })));
    return Promise.all(
      named.map(async ({ appId, serviceName, imageId, image }) => {
        const details = await this.#parts.engine.image(image);
        const status = details === undefined ? 'Downloading' : 'Downloaded';
        return { name: image, appId, serviceName, imageId, dockerImageId: details?.id ?? null, status, downloadProgress: null };
      }),
    );
  }

  /** GET /v2/applications/state: apps by name. */
  async applications(permits: Permits): Promise<JsonRecord> {
    const services = await this.services(permits);
    const apps = this.#parts.targets.apps.filter((app) => permits(app.id));
    return Object.fromEntries(
      apps.map((app): [string, JsonRecord] => {
        const reported = targetServices(app).map(({ serviceName, image, releaseId }): [string, JsonRecord] => {
          const container = services.find((service) => service.appId === app.id && service.serviceName === serviceName);
          return [serviceName, { status: container?.status ?? 'Downloaded', image, downloadProgress: null, releaseId }];
        });
        const settled = reported.every(([, { status }]) => status !== 'Downloaded' && status !== 'Installed');
        const updateStatus = settled ? 'done' : 'applying changes';
        return [app.name, { appId: app.id, appUuid: app.uuid, commit: app.commit, updateStatus, services: Object.fromEntries(reported) }];
      }),
    );
  }

  /** GET /v2/applications/:id/state; undefined for an app that isn't there. */
  async application(appId: number): Promise<JsonRecord | undefined> {
    const running = (await this.services(() => true)).filter((service) => service.appId === appId);
    const target = this.#parts.targets.app(appId);
    if (running.length === 0 && target === undefined) return undefined;
    const services = [
      ...(target === undefined ? [] : targetServices(target)).map(({ imageId, releaseId }) => ({
        imageId,
        releaseId,
        status: 'Downloaded',
      })),
      ...running,
    ].map(({ imageId, releaseId, status }): [string, JsonRecord] => [String(imageId), { status, releaseId, download_progress: null }]);
    return { commit: this.#parts.store.state.commits[appId], local: { [appId]: { services: Object.fromEntries(services) } } };
  }

  /** GET /v2/local/target-state: the target with each service's compose keys in `config`. */
  target(): JsonRecord {
    const { targets, device } = this.#parts;
    const source = targets.localMode ? 'local' : device.apiEndpoint;
    const apps = targets.apps.map((app): [string, JsonRecord] => {
      const { release, commit } = app;
      const services = Object.entries(release?.services ?? {}).map(([serviceName, service]) => ({
        appId: app.id,
        appUuid: app.uuid,
        serviceName,
        serviceId: service.id,
        imageId: service.imageId,
        imageName: service.image,
        releaseId: release?.id,
        commit,
        config: {
          ...service.composition,
          image: service.image,
          running: service.running,
          environment: service.environment,
          labels: service.labels,
        },
      }));
      const volumes = Object.entries(release?.volumes ?? {}).map(([name, config]) => ({ name, appId: app.id, appUuid: app.uuid, config }));
      const networks = Object.entries(release?.networks ?? {}).map(([name, config]) => ({
        name,
        appId: app.id,
        appUuid: app.uuid,
        config,
      }));
      const ids = {
        appId: app.id,
        appUuid: app.uuid,
        appName: app.name,
        commit,
        source,
        isHost: false,
        isTargetState: true,
        isRejected: false,
      };
      return [String(app.id), { ...ids, services, volumes, networks }];
    });
    return { local: { name: targets.name, config: targets.config, apps: Object.fromEntries(apps) } };
  }
}
