import { type AppSpec, sameNetwork } from './app-spec.ts';
import type { CurrentApp, CurrentService } from './current-state.ts';
import type { JsonRecord } from './json-values.ts';
import type { ServiceSpec } from './service-spec.ts';

/** What must be done to an app, in the order in which it is done. */
export interface AppPlan {
  /** Containers to stop and remove: gone from the target, changed, doubled, dead, or on a network that changes. */
  remove: CurrentService[];
  removeNetworks: string[];
  createNetworks: JsonRecord[];
  createVolumes: JsonRecord[];
  /** Containers that only get the new release's name. */
  rename: { current: CurrentService; target: ServiceSpec }[];
  /** Services to create, and to start unless they shall not run. */
  install: ServiceSpec[];
  /** Created once but never started. */
  start: CurrentService[];
  stop: CurrentService[];
}

/** Compares an app with its target. Pure: what the engine holds comes in, what to do comes out. */
export function planApp(current: CurrentApp, target: AppSpec, fingerprints: Record<string, string>): AppPlan {
  const removeNetworks = current.networks
    .filter((network) => {
      const body = target.networks.get(network.name);
      return body === undefined || !sameNetwork(network, body);
    })
    .map((network) => network.name);
  const keptNetworks = new Set(current.networks.map((network) => network.name).filter((name) => !removeNetworks.includes(name)));
  const plan: AppPlan = {
    remove: [],
    removeNetworks,
    createNetworks: [...target.networks].filter(([name]) => !keptNetworks.has(name)).map(([, body]) => body),
    createVolumes: [...target.volumes].filter(([name]) => !current.volumes.includes(name)).map(([, body]) => body),
    rename: [],
    install: [],
    start: [],
    stop: [],
  };
  const wanted = new Set(target.services.map((service) => service.serviceName));
  plan.remove.push(...current.services.filter((service) => !wanted.has(service.serviceName)));
  for (const service of target.services) planService(service, current, fingerprints, plan);
  return plan;
}

function planService(target: ServiceSpec, current: CurrentApp, fingerprints: Record<string, string>, plan: AppPlan): void {
  const containers = current.services.filter((service) => service.serviceName === target.serviceName);
  const latest = containers.at(-1);
  plan.remove.push(...containers.slice(0, -1));
  const changed =
    latest !== undefined &&
    (latest.status === 'Dead' ||
      fingerprints[latest.containerId] !== target.fingerprint ||
      latest.networks.some((name) => plan.removeNetworks.includes(name)));
  if (latest === undefined || changed) {
    if (latest !== undefined) plan.remove.push(latest);
    plan.install.push(target);
    return;
  }
  if (latest.commit !== target.commit) plan.rename.push({ current: latest, target });
  // An exited container is left to the engine's restart policy, or to whoever stopped it.
  if (target.running && latest.status === 'Installed') plan.start.push(latest);
  if (!target.running && ['Running', 'restarting', 'paused'].includes(latest.status)) plan.stop.push(latest);
}

/** Whether the plan touches services: their locks are taken first. Starting what was created needs none. */
export function needsLocks(plan: AppPlan): boolean {
  return [plan.remove, plan.rename, plan.install, plan.stop].some((list) => list.length > 0);
}

export function isEmpty(plan: AppPlan): boolean {
  return Object.values(plan).every((list) => list.length === 0);
}
