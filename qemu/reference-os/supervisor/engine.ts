import { EngineConnection, PULL_BUDGET_MS } from './engine-connection.ts';
import { EngineError } from './errors.ts';
import { type JsonRecord, isRecord, recordOr, stringList, stringOr, stringRecord } from './json-values.ts';

export interface ContainerSummary {
  id: string;
  name: string;
  /** What it was created from; a sha for all that the supervisor made. */
  image: string;
  /** created, running, restarting, exited, dead… */
  state: string;
  createdAt: Date;
  labels: Record<string, string>;
  networks: string[];
}

/** What an image brings into its containers. */
export interface ImageDetails {
  id: string;
  environment: string[];
  labels: Record<string, string>;
  volumes: string[];
}

export interface NetworkSummary {
  name: string;
  driver: string;
  internal: boolean;
  configOnly: boolean;
  enableIpv6: boolean;
  options: Record<string, string>;
  labels: Record<string, string>;
  subnets: { subnet: string; gateway: string }[];
}

export interface VolumeSummary {
  name: string;
  labels: Record<string, string>;
}

const NOT_FOUND = 404;
const NOT_MODIFIED = 304;
/** A name that is taken; the engine's answer to removing what is being removed. */
const CONFLICT = 409;

function labelFilter(label: string): string {
  return encodeURIComponent(JSON.stringify({ label: [label] }));
}

/** The engine in the supervisor's words. */
export class Engine {
  readonly #connection: EngineConnection;

  constructor(socket: () => string) {
    this.#connection = new EngineConnection(socket);
  }

  /** Containers with a label, stopped ones too. */
  async containers(label: string): Promise<ContainerSummary[]> {
    const { body } = await this.#connection.call('GET', `/containers/json?all=1&filters=${labelFilter(label)}`);
    return (Array.isArray(body) ? body : []).filter(isRecord).map((item) => ({
      id: stringOr(item['Id'], ''),
      name: (stringList(item['Names'])[0] ?? '').replace(/^\//, ''),
      image: stringOr(item['Image'], ''),
      state: stringOr(item['State'], ''),
      createdAt: new Date(Number(item['Created']) * 1000),
      labels: stringRecord(item['Labels']),
      networks: Object.keys(recordOr(recordOr(item['NetworkSettings'])['Networks'])),
    }));
  }

  /** @returns the new container's id */
  async createContainer(name: string, body: JsonRecord): Promise<string> {
    const reply = await this.#connection.call('POST', `/containers/create?name=${encodeURIComponent(name)}`, { body });
    return stringOr(recordOr(reply.body)['Id'], '');
  }

  async startContainer(id: string): Promise<void> {
    await this.#connection.call('POST', `/containers/${id}/start`, { accept: [NOT_MODIFIED] });
  }

  async stopContainer(id: string): Promise<void> {
    await this.#connection.call('POST', `/containers/${id}/stop`, { accept: [NOT_MODIFIED, NOT_FOUND] });
  }

  /** Removes a stopped container with its anonymous volumes. */
  async removeContainer(id: string): Promise<void> {
    await this.#connection.call('DELETE', `/containers/${id}?v=1`, { accept: [NOT_FOUND, CONFLICT] });
  }

  async renameContainer(id: string, name: string): Promise<void> {
    await this.#connection.call('POST', `/containers/${id}/rename?name=${encodeURIComponent(name)}`);
  }

  /** The environment a container was created with, as `NAME=value`. */
  async containerEnvironment(id: string): Promise<string[]> {
    const { body } = await this.#connection.call('GET', `/containers/${id}/json`);
    return stringList(recordOr(recordOr(body)['Config'])['Env']);
  }

  async image(name: string): Promise<ImageDetails | undefined> {
    const { status, body } = await this.#connection.call('GET', `/images/${encodeURIComponent(name)}/json`, { accept: [NOT_FOUND] });
    if (status === NOT_FOUND) return undefined;
    const config = recordOr(recordOr(body)['Config']);
    return {
      id: stringOr(recordOr(body)['Id'], ''),
      environment: stringList(config['Env']),
      labels: stringRecord(config['Labels']),
      volumes: Object.keys(recordOr(config['Volumes'])),
    };
  }

  /** @throws EngineError when the registry can't be reached or hasn't it: the engine reports that inside a successful answer */
  async pullImage(name: string): Promise<void> {
    const { body } = await this.#connection.call('POST', `/images/create?fromImage=${encodeURIComponent(name)}`, {
      budget: PULL_BUDGET_MS,
    });
    const failure = /"error":"((?:[^"\\]|\\.)*)"/.exec(typeof body === 'string' ? body : JSON.stringify(body))?.[1];
    if (failure !== undefined) throw new EngineError(`pulling ${name}: ${failure}`, 0);
  }

  async networks(label: string): Promise<NetworkSummary[]> {
    const { body } = await this.#connection.call('GET', `/networks?filters=${labelFilter(label)}`);
    return (Array.isArray(body) ? body : []).filter(isRecord).map((item) => networkSummary(item));
  }

  async network(name: string): Promise<NetworkSummary | undefined> {
    const { status, body } = await this.#connection.call('GET', `/networks/${encodeURIComponent(name)}`, { accept: [NOT_FOUND] });
    return status === NOT_FOUND ? undefined : networkSummary(recordOr(body));
  }

  async createNetwork(body: JsonRecord): Promise<void> {
    await this.#connection.call('POST', '/networks/create', { body: { ...body, CheckDuplicate: true } });
  }

  async removeNetwork(name: string): Promise<void> {
    await this.#connection.call('DELETE', `/networks/${encodeURIComponent(name)}`, { accept: [NOT_FOUND] });
  }

  async connectNetwork(name: string, container: string): Promise<void> {
    const body = { Container: container, EndpointConfig: {} };
    await this.#connection.call('POST', `/networks/${encodeURIComponent(name)}/connect`, { body });
  }

  async volumes(label: string): Promise<VolumeSummary[]> {
    const { body } = await this.#connection.call('GET', `/volumes?filters=${labelFilter(label)}`);
    const list = recordOr(body)['Volumes'];
    return (Array.isArray(list) ? list : [])
      .filter(isRecord)
      .map((item) => ({ name: stringOr(item['Name'], ''), labels: stringRecord(item['Labels']) }));
  }

  /** Creating a volume that exists changes nothing. */
  async createVolume(body: JsonRecord): Promise<void> {
    await this.#connection.call('POST', '/volumes/create', { body });
  }

  async removeVolume(name: string): Promise<void> {
    await this.#connection.call('DELETE', `/volumes/${encodeURIComponent(name)}`, { accept: [NOT_FOUND] });
  }
}

function networkSummary(item: JsonRecord): NetworkSummary {
  const pools = recordOr(item['IPAM'])['Config'];
  return {
    name: stringOr(item['Name'], ''),
    driver: stringOr(item['Driver'], ''),
    internal: item['Internal'] === true,
    configOnly: item['ConfigOnly'] === true,
    enableIpv6: item['EnableIPv6'] === true,
    options: stringRecord(item['Options']),
    labels: stringRecord(item['Labels']),
    subnets: (Array.isArray(pools) ? pools : [])
      .filter(isRecord)
      .map((pool) => ({ subnet: stringOr(pool['Subnet'], ''), gateway: stringOr(pool['Gateway'], '') })),
  };
}
