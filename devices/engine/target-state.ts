import { createHash } from 'node:crypto';
import type { AppSpec, ServiceSpec } from './engine.ts';

export const defaultAppId = 1234;

/** Our own label on each service: it changes when its description does, so a container that carries it was made from just that. */
export const specLabel = 'io.boardwalk.spec';

/** What a service must become once the target state is applied. */
export interface ExpectedService {
  name: string;
  running: boolean;
  /** Value of `specLabel`. */
  spec: string;
}

export interface TargetState {
  appId: number;
  /** Body of POST /v2/local/target-state. */
  body: unknown;
  services: ExpectedService[];
}

/** The supervisor wants ids of the cloud's; any will do as long as they stay the same from one state to the next. */
const releaseId = 1;
const commit = createHash('sha1').update('boardwalk').digest('hex');

/**
 * The app as a local target state.
 * Source for the required fields: the genuine supervisor v19.0.5, which answers 400 if releaseId, the app's name, imageId, environment
 * or labels are missing, and takes a state without a commit as one without a release.
 * @param serviceImage reference of the image for services that name none
 */
export function targetStateOf(app: AppSpec, serviceImage: string): TargetState {
  const appId = app.id ?? defaultAppId;
  const services: ExpectedService[] = [];
  const entries = Object.entries(app.services).map(([name, service], index) => {
    const number = index + 1;
    const spec = specOf(app.name, service, serviceImage);
    services.push({ name, running: service.running ?? true, spec });
    return [number, { imageId: number, serviceName: name, ...compose(service, serviceImage, spec) }] as const;
  });
  return {
    appId,
    services,
    body: {
      // An update lock that an earlier test left behind must not hold this one up.
      force: true,
      local: {
        // Left out, the supervisor keeps the last name it was given.
        ...(app.deviceName !== undefined && { name: app.deviceName }),
        config: {},
        apps: {
          [appId]: { name: app.name, commit, releaseId, services: Object.fromEntries(entries), volumes: volumesOf(app), networks: {} },
        },
      },
    },
  };
}

export const emptyTargetState = { force: true, local: { config: {}, apps: {} } };

function compose(service: ServiceSpec, serviceImage: string, spec: string): object {
  const { image = serviceImage, running = true, environment = {}, labels = {}, networkMode, ...composed } = service;
  return {
    image,
    running,
    environment,
    labels: { ...labels, [specLabel]: spec },
    ...composed,
    // Without a word about networks a service is on its app's own bridge.
    ...(networkMode === 'host' && { networkMode }),
  };
}

/** All that makes the supervisor create a container anew, and not whether it runs: stopping a service keeps its container. */
function specOf(appName: string, service: ServiceSpec, serviceImage: string): string {
  const described = JSON.stringify([appName, { image: serviceImage, ...service, running: undefined }]);
  return createHash('sha256').update(described).digest('hex').slice(0, 16);
}

/** Named volumes: those that the app declares and those that its services mount. */
function volumesOf({ volumes = [], services }: AppSpec): Record<string, object> {
  const mounted = Object.values(services).flatMap((service) => (service.volumes ?? []).map((volume) => volume.split(':', 1)[0] ?? ''));
  const named = mounted.filter((source) => /^[A-Za-z0-9][\w.-]*$/.test(source));
  return Object.fromEntries([...new Set([...volumes, ...named])].map((name) => [name, {}]));
}
