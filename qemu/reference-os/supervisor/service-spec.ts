import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { ApiKeys } from './api-keys.ts';
import { camelCaseKeys, declaredNetworks, plainFields } from './compose-fields.ts';
import type { Device } from './device.ts';
import type { ImageDetails } from './engine.ts';
import { serviceEnvironment, withDeviceName } from './environment.ts';
import { type JsonRecord, canonicalJson, stringList, stringOr, stringRecord } from './json-values.ts';
import { featuresOf, serviceLabels } from './labels.ts';
import { publishedPorts } from './ports.ts';
import { type DeviceFiles, type Settings, engineSocket } from './settings.ts';
import { SUPERVISOR_NETWORK } from './supervisor-network.ts';
import type { TargetApp, TargetRelease, TargetService } from './target-state.ts';
import { serviceMounts } from './volumes.ts';

/** A service as it shall run. */
export interface ServiceSpec {
  appId: number;
  appUuid: string;
  serviceId: number;
  serviceName: string;
  imageId: number;
  releaseId: number;
  commit: string;
  imageName: string;
  running: boolean;
  environment: Record<string, string>;
  labels: Record<string, string>;
  networkMode: string;
  /** Networks it joins beside the one of its network mode. */
  furtherNetworks: string[];
  /** The engine's create body, without the environment. */
  body: JsonRecord;
  /** Equal for equal containers: what is hashed is all of the above that the engine is told. */
  fingerprint: string;
}

/** What a spec is made from, beside the target itself. */
export interface SpecContext {
  settings: Settings;
  files: DeviceFiles;
  device: Device;
  keys: ApiKeys;
  hostname: string;
  port: number;
}

/** `<service>_<imageId>_<releaseId>_<commit>` (facts §6.13). */
export function containerName(service: Pick<ServiceSpec, 'serviceName' | 'imageId' | 'releaseId' | 'commit'>): string {
  return `${service.serviceName}_${service.imageId}_${service.releaseId}_${service.commit}`;
}

/** What the engine is asked to create. */
export function createBody(spec: ServiceSpec, deviceName: string): JsonRecord {
  const environment = withDeviceName(spec.environment, deviceName);
  return { ...spec.body, Labels: spec.labels, Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`) };
}

/** Turns a service of the target state into what the engine is to run. `image` is undefined while it isn't on the device. */
export async function specOf(
  app: TargetApp & { commit: string; release: TargetRelease },
  serviceName: string,
  service: TargetService,
  image: ImageDetails | undefined,
  context: SpecContext,
): Promise<ServiceSpec> {
  const { device, settings, files } = context;
  const composition = camelCaseKeys(service.composition);
  const { networkMode, networks } = networking(composition, app.uuid);
  const hostNetwork = networkMode === 'host';
  const ids = { appId: app.id, appUuid: app.uuid, serviceId: service.id, serviceName };
  const labels = serviceLabels({ ...stringRecord(composition['labels']), ...service.labels }, ids, image?.labels ?? {});
  const features = await featuresOf(labels, {
    hostNetwork,
    supervisorKey: () => context.keys.forService(app.id, serviceName),
    supervisorPort: context.port,
    supervisorGateway: SUPERVISOR_NETWORK.gateway,
    deviceApiKey: device.deviceApiKey,
    apiEndpoint: device.apiEndpoint,
    boardRevision: device.boardRevision,
    engineSocket: engineSocket(settings),
    modulesExist: existsSync(files.modules),
    firmwareExists: existsSync(files.firmware),
  });
  const facts = {
    ...ids,
    appName: app.name,
    deviceUuid: device.uuid,
    deviceType: device.type,
    deviceArchitecture: device.architecture,
    osVersion: device.osVersion,
  };
  const own = { ...stringRecord(composition['environment']), ...service.environment };
  const environment = {
    ...features.environmentDefaults,
    ...serviceEnvironment(own, facts, image?.environment ?? []),
    ...features.environment,
  };
  const mounts = serviceMounts(app.id, serviceName, composition['volumes'], image?.volumes ?? []);
  const { ExposedPorts, PortBindings } = publishedPorts(stringList(composition['ports']));
  const { container, host } = plainFields(composition);
  const body: JsonRecord = {
    ...(hostNetwork ? { Hostname: context.hostname } : {}),
    ...container,
    Image: image?.id ?? service.image,
    ExposedPorts,
    Volumes: Object.fromEntries(mounts.anonymous.map((path) => [path, {}])),
    NetworkingConfig: { EndpointsConfig: networks.includes(networkMode) ? { [networkMode]: { Aliases: [serviceName] } } : {} },
    HostConfig: {
      ...host,
      NetworkMode: networkMode,
      PortBindings,
      Binds: [...mounts.binds, ...features.binds],
      Mounts: [...mounts.mounts, ...features.mounts],
    },
  };
  const furtherNetworks = networks.filter((name) => name !== networkMode);
  if (features.joinsSupervisorNetwork) furtherNetworks.push(SUPERVISOR_NETWORK.name);
  return {
    ...ids,
    imageId: service.imageId,
    releaseId: app.release.id,
    commit: app.commit,
    imageName: service.image,
    running: service.running,
    environment,
    labels,
    networkMode,
    furtherNetworks,
    body,
    fingerprint: createHash('sha256').update(canonicalJson({ body, labels, environment, furtherNetworks })).digest('hex'),
  };
}

/** A service without a network mode runs on its first network, or on the app's default one; the engine's own modes stay as they are. */
function networking(composition: JsonRecord, appUuid: string): { networkMode: string; networks: string[] } {
  const networks = declaredNetworks(composition['networks']).map((name) => `${appUuid}_${name}`);
  const declared = stringOr(composition['networkMode'], '');
  if (['host', 'bridge', 'none'].includes(declared)) return { networkMode: declared, networks };
  const [first] = networks;
  if (declared === '' && first !== undefined) return { networkMode: first, networks };
  const networkMode = `${appUuid}_${declared || 'default'}`;
  return { networkMode, networks: [...new Set([networkMode, ...networks])] };
}
