import type { ContainerSummary, Engine, NetworkSummary } from './engine.ts';
import { integer } from './json-values.ts';
import { normaliseLabels } from './labels.ts';
import { log } from './log.ts';

const SUPERVISED = 'io.balena.supervised';

/** A service's container as it is now. */
export interface CurrentService {
  containerId: string;
  appId: number;
  appUuid: string;
  serviceName: string;
  serviceId: number;
  imageId: number;
  releaseId: number;
  commit: string;
  /** The image it was created from: a sha. */
  image: string;
  /** `Running`, `Installed` for one never started, `Dead`, else the engine's own word (`exited`, `restarting`…). */
  status: string;
  createdAt: Date;
  networks: string[];
}

export interface CurrentApp {
  appId: number;
  services: CurrentService[];
  networks: NetworkSummary[];
  /** By the engine's name. */
  volumes: string[];
}

/** What of the apps is on the device, by app id: an app of which only a volume is left is still there. */
export async function currentApps(engine: Engine): Promise<Map<number, CurrentApp>> {
  const [services, networks, volumes] = await Promise.all([
    currentServices(engine),
    engine.networks(SUPERVISED),
    engine.volumes(SUPERVISED),
  ]);
  const apps = new Map<number, CurrentApp>();
  const app = (appId: number): CurrentApp => {
    const known = apps.get(appId) ?? { appId, services: [], networks: [], volumes: [] };
    apps.set(appId, known);
    return known;
  };
  for (const service of services) app(service.appId).services.push(service);
  for (const network of networks) {
    const appId = integer(network.labels['io.balena.app-id']);
    if (appId !== undefined) app(appId).networks.push(network);
  }
  for (const { name } of volumes) {
    const appId = integer(/^(\d+)_/.exec(name)?.[1]);
    if (appId !== undefined) app(appId).volumes.push(name);
  }
  return apps;
}

export async function currentServices(engine: Engine): Promise<CurrentService[]> {
  const containers = await engine.containers(SUPERVISED);
  return containers.flatMap((container) => toService(container)).sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
}

function toService(container: ContainerSummary): CurrentService[] {
  const labels = normaliseLabels(container.labels);
  const appId = integer(labels['io.balena.app-id']);
  const name = /_(\d+)_(\d+)(?:_(.*))?$/.exec(container.name);
  if (appId === undefined || name === null) {
    log(
      'warning',
      `container ${container.name} claims to be supervised but has no app id or is no <service>_<imageId>_<releaseId>_<commit>`,
    );
    return [];
  }
  return [
    {
      containerId: container.id,
      appId,
      appUuid: labels['io.balena.app-uuid'] ?? String(appId),
      serviceName: labels['io.balena.service-name'] ?? '',
      serviceId: integer(labels['io.balena.service-id']) ?? 0,
      imageId: Number(name[1]),
      releaseId: Number(name[2]),
      commit: name[3] ?? '',
      image: container.image,
      status: statusOf(container.state),
      createdAt: container.createdAt,
      networks: container.networks,
    },
  ];
}

function statusOf(state: string): string {
  if (state === 'running') return 'Running';
  if (state === 'created') return 'Installed';
  return state === 'dead' ? 'Dead' : state;
}
