import type { Engine, NetworkSummary } from './engine.ts';
import { type JsonRecord, isRecord, stringOr, stringRecord } from './json-values.ts';
import { normaliseLabels } from './labels.ts';
import { type ServiceSpec, type SpecContext, specOf } from './service-spec.ts';
import type { TargetApp } from './target-state.ts';
import { volumeName } from './volumes.ts';

/** An app as it shall be, in the engine's terms. */
export interface AppSpec {
  appId: number;
  appUuid: string;
  name: string;
  commit: string | undefined;
  services: ServiceSpec[];
  /** Create bodies by the engine's name. */
  volumes: Map<string, JsonRecord>;
  networks: Map<string, JsonRecord>;
  /** Images of its services that aren't on the device. */
  missingImages: string[];
}

/** @returns what the target app comes to, with the images as they are on the device now */
export async function appSpecOf(app: TargetApp, engine: Engine, context: SpecContext): Promise<AppSpec> {
  const { commit, release } = app;
  const common = { appId: app.id, appUuid: app.uuid, name: app.name, commit };
  // An app without a release still has its default network, made by name only.
  if (commit === undefined || release === undefined) {
    return { ...common, services: [], volumes: new Map(), networks: networkBodies(app, {}, []), missingImages: [] };
  }
  const names = [...new Set(Object.values(release.services).map((service) => service.image))];
  const images = new Map(await Promise.all(names.map(async (name) => [name, await engine.image(name)] as const)));
  const services = await Promise.all(
    Object.entries(release.services).map(([name, service]) =>
      specOf({ ...app, commit, release }, name, service, images.get(service.image), context),
    ),
  );
  const volumes = Object.entries(release.volumes).map(([name, volume]): [string, JsonRecord] => {
    const engineName = volumeName(app.id, name);
    return [
      engineName,
      {
        Name: engineName,
        Driver: stringOr(volume['driver'], 'local'),
        DriverOpts: stringRecord(volume['driver_opts']),
        Labels: { ...normaliseLabels(stringRecord(volume['labels'])), 'io.balena.supervised': 'true', 'io.balena.app-uuid': app.uuid },
      },
    ];
  });
  return {
    ...common,
    services,
    volumes: new Map(volumes),
    networks: networkBodies(app, release.networks, services),
    missingImages: names.filter((name) => images.get(name) === undefined),
  };
}

/**
 * The networks of an app, named `<appUuid>_<network>`; in local mode an app's uuid is its id. There is always a default one; where every
 * service is on the host's network it exists by name only, so that it takes no addresses (v19.0.5).
 */
function networkBodies(app: TargetApp, declared: Record<string, JsonRecord>, services: ServiceSpec[]): Map<string, JsonRecord> {
  const nobodyUsesIt = services.every((service) => service.networkMode === 'host');
  const all = { default: { config_only: nobodyUsesIt }, ...declared };
  return new Map(Object.entries(all).map(([name, network]) => [`${app.uuid}_${name}`, networkBody(app, name, network)]));
}

function networkBody(app: TargetApp, name: string, network: JsonRecord): JsonRecord {
  const ipam = isRecord(network['ipam']) ? network['ipam'] : {};
  const pools = (Array.isArray(ipam['config']) ? ipam['config'] : []).filter(isRecord);
  return {
    Name: `${app.uuid}_${name}`,
    Driver: stringOr(network['driver'], 'bridge'),
    Internal: network['internal'] === true,
    EnableIPv6: network['enable_ipv6'] === true,
    ConfigOnly: network['config_only'] === true,
    Options: stringRecord(network['driver_opts']),
    IPAM: {
      Driver: stringOr(ipam['driver'], 'default'),
      Config: pools.map((pool) => ({ Subnet: stringOr(pool['subnet'], ''), Gateway: stringOr(pool['gateway'], '') })),
      Options: stringRecord(ipam['options']),
    },
    Labels: {
      'io.balena.supervised': 'true',
      'io.balena.app-id': String(app.id),
      ...normaliseLabels(stringRecord(network['labels'])),
      ...(pools.length > 0 ? { 'io.balena.private.ipam.config': 'true' } : {}),
    },
  };
}

/** Whether a network is as the body asks. The engine chooses a subnet where none is asked for, and a driver of its own for one by name only. */
export function sameNetwork(present: NetworkSummary, body: JsonRecord): boolean {
  const ipam = isRecord(body['IPAM']) ? body['IPAM'] : {};
  const pools = (Array.isArray(ipam['Config']) ? ipam['Config'] : []).filter(isRecord);
  return (
    present.configOnly === body['ConfigOnly'] &&
    present.internal === body['Internal'] &&
    present.enableIpv6 === body['EnableIPv6'] &&
    (present.configOnly || present.driver === body['Driver']) &&
    sameStrings(present.labels, stringRecord(body['Labels'])) &&
    sameStrings(present.options, stringRecord(body['Options'])) &&
    (pools.length === 0 ||
      (pools.length === present.subnets.length && pools.every((pool, index) => present.subnets[index]?.subnet === pool['Subnet'])))
  );
}

function sameStrings(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}
