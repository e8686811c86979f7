/** What the injected variables say, read from the device and the target state. */
export interface EnvironmentFacts {
  appId: number;
  appUuid: string;
  appName: string;
  serviceName: string;
  deviceUuid: string;
  deviceType: string;
  deviceArchitecture: string;
  /** os-release's PRETTY_NAME; undefined where the OS has none, and the variable is then absent. */
  osVersion: string | undefined;
}

const HANDOVER_PATH = '/tmp/balena/handover-complete';

/** `NAME=value` lines as an object. */
export function environmentFromLines(lines: string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line): [string, string] => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]));
}

/** One value under both prefixes. */
export function bothPrefixes(name: string, value: string): Record<string, string> {
  return { [`BALENA_${name}`]: value, [`RESIN_${name}`]: value };
}

/**
 * The environment of a service before its labels add to it: its own variables win, then come the documented ones, then the image's (v19.0.5).
 * The device's name is none of it: that is put in when the container is made, so that a rename makes no new container.
 */
export function serviceEnvironment(own: Record<string, string>, facts: EnvironmentFacts, ofImage: string[]): Record<string, string> {
  const documented: Record<string, string> = {
    BALENA: '1',
    RESIN: '1',
    ...bothPrefixes('APP_ID', String(facts.appId)),
    ...bothPrefixes('APP_UUID', facts.appUuid),
    ...bothPrefixes('APP_NAME', facts.appName),
    ...bothPrefixes('SERVICE_NAME', facts.serviceName),
    ...bothPrefixes('DEVICE_UUID', facts.deviceUuid),
    ...bothPrefixes('DEVICE_TYPE', facts.deviceType),
    ...bothPrefixes('DEVICE_ARCH', facts.deviceArchitecture),
    ...(facts.osVersion === undefined ? {} : bothPrefixes('HOST_OS_VERSION', facts.osVersion)),
    ...bothPrefixes('APP_LOCK_PATH', '/tmp/balena/updates.lock'),
    RESIN_SERVICE_KILL_ME_PATH: HANDOVER_PATH,
    BALENA_SERVICE_HANDOVER_COMPLETE_PATH: HANDOVER_PATH,
    USER: 'root',
  };
  return withoutDeviceName({ ...environmentFromLines(ofImage), ...documented, ...own });
}

/** The device's name at the container's creation is the target state's, whatever the service or its image say (facts §6.1). */
export function withDeviceName(environment: Record<string, string>, name: string): Record<string, string> {
  return { ...environment, ...bothPrefixes('DEVICE_NAME_AT_INIT', name) };
}

export function withoutDeviceName(environment: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(BALENA|RESIN)_DEVICE_NAME_AT_INIT$/.test(name)));
}
