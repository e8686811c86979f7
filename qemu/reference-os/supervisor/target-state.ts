import { InvalidTargetState } from './errors.ts';
import { type JsonRecord, isRecord } from './json-values.ts';

export interface TargetService {
  id: number;
  imageId: number;
  image: string;
  environment: Record<string, string>;
  labels: Record<string, string>;
  running: boolean;
  /** The compose keys beside those, as they came. */
  composition: JsonRecord;
}

export interface TargetRelease {
  id: number;
  services: Record<string, TargetService>;
  volumes: Record<string, JsonRecord>;
  networks: Record<string, JsonRecord>;
}

export interface TargetApp {
  id: number;
  uuid: string;
  name: string;
  /** Undefined for an app without a release: nothing of it runs. */
  commit: string | undefined;
  release: TargetRelease | undefined;
}

export interface TargetState {
  name: string;
  config: Record<string, string>;
  apps: TargetApp[];
}

/** Names a container, volume or network may have (the engine's own rule). */
const ENGINE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const VARIABLE_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const CONFIG_NAME = /^[a-zA-Z_][a-zA-Z0-9_:]*$/;
/** Any printable ASCII but the blank, both quotes and the backtick. */
const LABEL_NAME = /^[!#-&(-_a-~]+$/;
const SHORT = 255;

/** Collects what is wrong with a value, each fault in the words and with the path that v19.0.5 gives it. */
class Faults {
  readonly list: string[] = [];

  add(expected: string, path: string, seen: unknown): void {
    this.list.push(`Expecting ${expected} at ${path} but instead got: ${seen === undefined ? 'undefined' : JSON.stringify(seen)}`);
  }
}

/**
 * Checks one device's part of a v3 target state: `{name, config, apps: {uuid: {id, name, releases: {commit: {id, services, volumes,
 * networks}}}}}`, the form in which apps.json comes and into which a v2 state is turned.
 * @throws InvalidTargetState, whose message has one line for each fault
 */
export function parseTargetState(value: unknown, deviceUuid: string): TargetState {
  const faults = new Faults();
  const state = record(value, deviceUuid, faults);
  const name = shortString(state['name'], `${deviceUuid}.name`, faults);
  if (name.includes('\n')) faults.add('DeviceName', `${deviceUuid}.name`, name);
  const config = strings(state['config'], `${deviceUuid}.config`, CONFIG_NAME, faults);
  const apps = parseApps(state['apps'], `${deviceUuid}.apps`, faults);
  if (faults.list.length > 0) throw new InvalidTargetState(['Invalid target state.', ...faults.list].join('\n'));
  return { name, config, apps };
}

function parseApps(value: unknown, path: string, faults: Faults): TargetApp[] {
  return Object.entries(record(value, path, faults)).map(([uuid, app]) => parseApp(uuid, app, `${path}.${uuid}`, faults));
}

function parseApp(uuid: string, value: unknown, path: string, faults: Faults): TargetApp {
  const app = record(value, path, faults);
  const releases = Object.entries(record(app['releases'] ?? {}, `${path}.releases`, faults));
  const [commit, release] = releases[0] ?? [];
  return {
    id: identifier(app['id'], `${path}.id`, faults),
    uuid,
    name: shortString(app['name'], `${path}.name`, faults),
    commit,
    release: commit === undefined ? undefined : parseRelease(release, `${path}.releases.${commit}`, faults),
  };
}

function parseRelease(value: unknown, path: string, faults: Faults): TargetRelease {
  const release = record(value, path, faults);
  const services = named(release['services'], `${path}.services`, faults).map(([name, service]): [string, TargetService] => [
    name,
    parseService(service, `${path}.services.${name}`, faults),
  ]);
  return {
    id: identifier(release['id'], `${path}.id`, faults),
    services: Object.fromEntries(services),
    volumes: records(release['volumes'], `${path}.volumes`, faults),
    networks: records(release['networks'], `${path}.networks`, faults),
  };
}

function parseService(value: unknown, path: string, faults: Faults): TargetService {
  const service = record(value, path, faults);
  const running = service['running'] ?? true;
  if (typeof running !== 'boolean') faults.add('boolean', `${path}.running`, running);
  return {
    id: identifier(service['id'], `${path}.id`, faults),
    imageId: identifier(service['image_id'], `${path}.image_id`, faults),
    image: shortString(service['image'], `${path}.image`, faults),
    environment: strings(service['environment'], `${path}.environment`, VARIABLE_NAME, faults),
    labels: strings(service['labels'], `${path}.labels`, LABEL_NAME, faults),
    running: running === true,
    composition: record(service['composition'] ?? {}, `${path}.composition`, faults),
  };
}

function record(value: unknown, path: string, faults: Faults): JsonRecord {
  if (isRecord(value)) return value;
  faults.add('Record', path, value);
  return {};
}

/** The entries of an object that may be missing; each key must be a name the engine takes. */
function named(value: unknown, path: string, faults: Faults): [string, unknown][] {
  const entries = Object.entries(record(value ?? {}, path, faults));
  for (const [name] of entries) if (!ENGINE_NAME.test(name) || name.length > SHORT) faults.add('DockerName', `${path}.${name}`, name);
  return entries;
}

function records(value: unknown, path: string, faults: Faults): Record<string, JsonRecord> {
  return Object.fromEntries(named(value, path, faults).map(([name, item]) => [name, record(item ?? {}, `${path}.${name}`, faults)]));
}

function identifier(value: unknown, path: string, faults: Faults): number {
  const number = typeof value === 'number' || (typeof value === 'string' && value !== '') ? Number(value) : Number.NaN;
  if (Number.isInteger(number) && number >= 0) return number;
  faults.add('NumericIdentifier', path, value);
  return 0;
}

function shortString(value: unknown, path: string, faults: Faults): string {
  if (typeof value === 'string' && value.length <= SHORT) return value;
  faults.add('ShortString', path, value);
  return '';
}

function strings(value: unknown, path: string, nameRule: RegExp, faults: Faults): Record<string, string> {
  const entries = Object.entries(record(value, path, faults)).map(([name, item]): [string, string] => {
    if (!nameRule.test(name) || name.length > SHORT) faults.add(`name matching ${nameRule.source}`, `${path}.${name}`, name);
    if (typeof item !== 'string') faults.add('string', `${path}.${name}`, item);
    return [name, typeof item === 'string' ? item : ''];
  });
  return Object.fromEntries(entries);
}

/** The v3 form of a target app: what is kept on disk, and what `parseTargetState` reads again. */
export function toV3App(app: TargetApp): JsonRecord {
  const { commit, release } = app;
  if (commit === undefined || release === undefined) return { id: app.id, name: app.name, releases: {} };
  const services = Object.fromEntries(
    Object.entries(release.services).map(([name, { imageId, ...service }]) => [name, { ...service, image_id: imageId }]),
  );
  return { id: app.id, name: app.name, releases: { [commit]: { ...release, services } } };
}

/**
 * Turns the v2 state that local mode takes into v3. An app's uuid is its id, as there is no cloud to ask; an app without a commit has no
 * release. Anything else than `{local: …}` is an empty state that keeps the name.
 */
export function fromV2(body: JsonRecord, lastName: string): JsonRecord {
  const local = isRecord(body['local']) ? body['local'] : {};
  const apps = isRecord(local['apps']) ? local['apps'] : {};
  return {
    name: local['name'] ?? lastName,
    config: local['config'] ?? {},
    apps: Object.fromEntries(Object.entries(apps).map(([id, app]) => [id, v3AppFromV2(id, isRecord(app) ? app : {})])),
  };
}

function v3AppFromV2(id: string, app: JsonRecord): JsonRecord {
  const { commit } = app;
  const services = Object.entries(isRecord(app['services']) ? app['services'] : {}).map(([serviceId, service]): [string, JsonRecord] => {
    const {
      imageId,
      serviceName,
      image,
      environment,
      labels,
      running,
      serviceId: _unused,
      contract: _ignored,
      ...composition
    } = isRecord(service) ? service : {};
    return [String(serviceName), { id: serviceId, image_id: imageId, image, environment, labels, running, composition }];
  });
  const release = {
    id: app['releaseId'],
    services: Object.fromEntries(services),
    volumes: app['volumes'] ?? {},
    networks: app['networks'] ?? {},
  };
  return { id: Number(id), name: app['name'], releases: typeof commit === 'string' && commit !== '' ? { [commit]: release } : {} };
}
