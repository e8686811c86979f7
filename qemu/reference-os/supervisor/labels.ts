import { bothPrefixes } from './environment.ts';
import { isTruthy } from './json-values.ts';

/** What the labels of a service may ask of the device. */
export interface FeatureFacts {
  hostNetwork: boolean;
  supervisorKey: () => Promise<string>;
  supervisorPort: number;
  /** The supervisor's address on its own network. */
  supervisorGateway: string;
  deviceApiKey: string;
  apiEndpoint: string;
  boardRevision: string | undefined;
  engineSocket: string;
  modulesExist: boolean;
  firmwareExists: boolean;
}

/** What they add to its container. */
export interface Features {
  environment: Record<string, string>;
  /** Set only where the service has no such variable. */
  environmentDefaults: Record<string, string>;
  /** `source:target[:mode]`; the engine makes a source that is missing. */
  binds: string[];
  /** Mounts whose source must exist, or whose volume is the device's own. */
  mounts: { Type: 'bind' | 'volume'; Source: string; Target: string }[];
  joinsSupervisorNetwork: boolean;
}

/** io.resin.features.resin-api is io.balena.features.balena-api: every `resin` in the name is replaced, and a balena label beats it. */
export function normaliseLabels(labels: Record<string, string>): Record<string, string> {
  const entries = Object.entries(labels);
  const legacy = entries.filter(([name]) => name.startsWith('io.resin.'));
  const current = entries.filter(([name]) => !name.startsWith('io.resin.'));
  return Object.fromEntries([...legacy.map(([name, value]): [string, string] => [name.replaceAll('resin', 'balena'), value]), ...current]);
}

/** The labels of a service's container: the supervisor's own, the service's, the image's, each winning over the next. */
export function serviceLabels(
  own: Record<string, string>,
  ids: { appId: number; appUuid: string; serviceId: number; serviceName: string },
  ofImage: Record<string, string>,
): Record<string, string> {
  return normaliseLabels({
    ...ofImage,
    ...own,
    'io.balena.supervised': 'true',
    'io.balena.app-id': String(ids.appId),
    'io.balena.service-id': String(ids.serviceId),
    'io.balena.service-name': ids.serviceName,
    'io.balena.app-uuid': ids.appUuid,
  });
}

/** Gives what the labels ask for (facts §4.1 and §6.15). A label of value 0 asks for nothing. */
export async function featuresOf(labels: Record<string, string>, facts: FeatureFacts): Promise<Features> {
  const asks = (feature: string): boolean => isTruthy(labels[`io.balena.features.${feature}`]);
  const features: Features = { environment: {}, environmentDefaults: {}, binds: [], mounts: [], joinsSupervisorNetwork: false };
  const { environment, binds, mounts } = features;

  if (asks('journal-logs')) {
    binds.push('/var/log/journal:/var/log/journal:ro', '/run/log/journal:/run/log/journal:ro', '/etc/machine-id:/etc/machine-id:ro');
  }
  if (asks('dbus')) binds.push('/run/dbus:/host/run/dbus');
  if (asks('kernel-modules') && facts.modulesExist) binds.push('/lib/modules:/lib/modules');
  if (asks('firmware') && facts.firmwareExists) binds.push('/lib/firmware:/lib/firmware');
  if (asks('sysfs')) binds.push('/sys:/sys');
  if (asks('procfs')) binds.push('/proc:/proc');
  if (asks('balena-socket')) {
    const targets = new Set(['/host/run/balena-engine.sock', facts.engineSocket, '/var/run/balena.sock']);
    mounts.push(...[...targets].map((Target) => ({ Type: 'bind' as const, Source: facts.engineSocket, Target })));
    features.environmentDefaults['DOCKER_HOST'] = 'unix:///host/run/balena-engine.sock';
  }
  if (asks('extra-firmware')) mounts.push({ Type: 'volume', Source: 'extra-firmware', Target: '/extra-firmware' });
  // On an unmanaged device both are empty strings, not absent (facts §6.2).
  if (asks('balena-api'))
    Object.assign(environment, bothPrefixes('API_KEY', facts.deviceApiKey), bothPrefixes('API_URL', facts.apiEndpoint));
  if (asks('supervisor-api')) {
    const host = facts.hostNetwork ? '127.0.0.1' : facts.supervisorGateway;
    features.joinsSupervisorNetwork = !facts.hostNetwork;
    Object.assign(
      environment,
      bothPrefixes('SUPERVISOR_API_KEY', await facts.supervisorKey()),
      bothPrefixes('SUPERVISOR_PORT', String(facts.supervisorPort)),
      bothPrefixes('SUPERVISOR_HOST', host),
      bothPrefixes('SUPERVISOR_ADDRESS', `http://${host}:${facts.supervisorPort}`),
    );
  }
  if (asks('host-os.board-rev') && facts.boardRevision !== undefined) {
    Object.assign(environment, bothPrefixes('HOST_OS_BOARD_REV', facts.boardRevision), bothPrefixes('HOST_OS_BUILD', facts.boardRevision));
  }
  return features;
}
