import { commandWords } from './command-words.ts';
import { type JsonRecord, integer, isRecord, stringList, stringOr, stringRecord } from './json-values.ts';
import { log } from './log.ts';

/** Compose keys that something else reads. */
const READ_ELSEWHERE = new Set(['environment', 'labels', 'volumes', 'networkMode', 'networks', 'ports', 'restart', 'dependsOn', 'running']);
const RESTART_POLICIES = new Set(['no', 'always', 'on-failure', 'unless-stopped']);
/** Seconds between SIGTERM and SIGKILL, and the size of /dev/shm, where compose doesn't say (v19.0.5). */
const STOP_GRACE_PERIOD_S = 10;
const SHARED_MEMORY = '64m';

type FieldReader = (value: unknown) => unknown;

/** How a compose key becomes a key of the engine's HostConfig. */
const HOST_FIELDS: Record<string, [engineKey: string, read: FieldReader]> = {
  capAdd: ['CapAdd', stringList],
  capDrop: ['CapDrop', stringList],
  cpuset: ['CpusetCpus', String],
  devices: ['Devices', (value) => stringList(value).map((device) => deviceMapping(device))],
  dns: ['Dns', stringList],
  dnsOpt: ['DnsOptions', stringList],
  dnsSearch: ['DnsSearch', stringList],
  extraHosts: ['ExtraHosts', (value) => stringList(value).map((host) => host.replace('=', ':'))],
  groupAdd: ['GroupAdd', stringList],
  init: ['Init', Boolean],
  memLimit: ['Memory', (value) => byteCount(value)],
  memReservation: ['MemoryReservation', (value) => byteCount(value)],
  oomScoreAdj: ['OomScoreAdj', integer],
  pid: ['PidMode', String],
  privileged: ['Privileged', Boolean],
  readOnly: ['ReadonlyRootfs', Boolean],
  securityOpt: ['SecurityOpt', stringList],
  sysctls: ['Sysctls', stringRecord],
  tmpfs: ['Tmpfs', (value) => Object.fromEntries(stringList(value).map((path) => [path, '']))],
  usernsMode: ['UsernsMode', String],
  ipc: ['IpcMode', String],
  shmSize: ['ShmSize', (value) => byteCount(value)],
};

/** And those of the container itself. */
const CONTAINER_FIELDS: Record<string, [engineKey: string, read: FieldReader]> = {
  command: ['Cmd', (value) => asCommand(value)],
  entrypoint: ['Entrypoint', (value) => asCommand(value)],
  domainname: ['Domainname', String],
  hostname: ['Hostname', String],
  macAddress: ['MacAddress', String],
  stopGracePeriod: ['StopTimeout', (value) => seconds(value)],
  stopSignal: ['StopSignal', String],
  tty: ['Tty', Boolean],
  user: ['User', String],
  workingDir: ['WorkingDir', String],
};

/** `network_mode` and `networkMode` are the same key. */
export function camelCaseKeys(composition: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(composition).map(([key, value]) => [camelCase(key), value]));
}

function camelCase(key: string): string {
  return key.replace(/[_-]+([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}

/** The compose keys that the engine takes nearly as they are. A key this supervisor doesn't know is ignored with a warning. */
export function plainFields(composition: JsonRecord): { container: JsonRecord; host: JsonRecord } {
  const container: JsonRecord = { Tty: true, StopSignal: 'SIGTERM', StopTimeout: STOP_GRACE_PERIOD_S };
  const host: JsonRecord = {
    IpcMode: 'shareable',
    ShmSize: byteCount(SHARED_MEMORY),
    RestartPolicy: { Name: restartPolicy(composition['restart']), MaximumRetryCount: 0 },
  };
  for (const [key, value] of Object.entries(composition)) {
    if (value === null || value === undefined) continue;
    const [hostKey, readHost] = HOST_FIELDS[key] ?? [];
    const [containerKey, readContainer] = CONTAINER_FIELDS[key] ?? [];
    if (hostKey !== undefined) host[hostKey] = readHost?.(value);
    else if (containerKey !== undefined) container[containerKey] = readContainer?.(value);
    else if (!READ_ELSEWHERE.has(key)) log('warning', `Ignoring unsupported or unknown compose field: ${key}`);
  }
  return { container, host };
}

/** Anything but the engine's policies means `always`. */
export function restartPolicy(value: unknown): string {
  const policy = stringOr(value, '').toLowerCase().trim();
  return RESTART_POLICIES.has(policy) ? policy : 'always';
}

function asCommand(value: unknown): string[] {
  return typeof value === 'string' ? commandWords(value) : stringList(value);
}

function deviceMapping(device: string): JsonRecord {
  const [outer = '', inner = outer, permissions = 'rwm'] = device.split(':');
  return { PathOnHost: outer, PathInContainer: inner, CgroupPermissions: permissions };
}

/** `64m`, `1gb`, a plain number: bytes. Anything else is 0, which to the engine means no limit. */
function byteCount(value: unknown): number {
  const match = /^(\d+)([bkmg]?)b?$/i.exec(String(value));
  const power = 'bkmg'.indexOf((match?.[2] || 'b').toLowerCase());
  return match === null ? 0 : Number(match[1]) * 1024 ** power;
}

/** `1m30s`, `10s`, `500ms`: whole seconds. */
function seconds(value: unknown): number {
  const units: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };
  const parts = [...String(value).matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return Math.round(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? 's'] ?? 1), 0));
}

/** The networks a service names: a list, or an object whose values may give aliases. */
export function declaredNetworks(value: unknown): string[] {
  return isRecord(value) ? Object.keys(value) : stringList(value);
}
