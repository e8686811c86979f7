import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type JsonRecord, isRecord, recordOr, stringList, stringOr, stringRecord } from '../json-values.ts';

export interface DoubleContainer {
  id: string;
  name: string;
  state: 'created' | 'running' | 'exited';
  created: number;
  /** The create body as it came. */
  body: JsonRecord;
  networks: string[];
}

export interface DoubleImage {
  id: string;
  environment?: string[];
  labels?: Record<string, string>;
  volumes?: string[];
}

interface Answer {
  status: number;
  body?: unknown;
}

const refuse = (status: number, message: string): Answer => ({ status, body: { message } });

/**
 * A container engine in memory: the part of the Docker API 1.41 that the supervisor uses, on a unix socket, with the engine's own refusals
 * (a name that is taken, a volume or network in use, a running container that can't be removed).
 */
export class EngineDouble {
  readonly containers = new Map<string, DoubleContainer>();
  readonly networks = new Map<string, JsonRecord>();
  readonly volumes = new Map<string, JsonRecord>();
  readonly images = new Map<string, DoubleImage>();
  /** Each call as `METHOD /path`, in order. */
  readonly calls: string[] = [];
  readonly #server: Server;
  #clock = 1_800_000_000;

  constructor() {
    this.#server = createServer((request, response) => {
      void this.#serve(request, response);
    });
  }

  async listen(socket: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(socket, resolve);
    await promise;
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  addImage(name: string, image: Partial<DoubleImage> = {}): void {
    this.images.set(name, { id: `sha256:${randomBytes(32).toString('hex')}`, ...image });
  }

  /** The container of a service; there must be just one. */
  only(service: string): DoubleContainer {
    const found = [...this.containers.values()].filter(({ body }) => stringRecord(body['Labels'])['io.balena.service-name'] === service);
    const [container] = found;
    if (container === undefined || found.length > 1) throw new RangeError(`${found.length} containers of the service ${service}`);
    return container;
  }

  /** The environment a service's container was created with. */
  environment(service: string): Record<string, string> {
    const lines = stringList(this.only(service).body['Env']);
    return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  }

  /** The power goes and comes back: what has the policy `always` runs again, in the same container. */
  restart(): void {
    for (const container of this.containers.values()) {
      const policy = stringOr(recordOr(recordOr(container.body['HostConfig'])['RestartPolicy'])['Name'], 'no');
      if (container.state !== 'created') container.state = policy === 'always' ? 'running' : 'exited';
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body } = await this.#answer(request);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL((request.url ?? '/').replace(/^\/v1\.41/, ''), 'http://engine');
    this.calls.push(`${request.method} ${url.pathname}`);
    const [kind = '', id = '', action = ''] = url.pathname
      .slice(1)
      .split('/')
      .map((part) => decodeURIComponent(part));
    const body = await readJson(request);
    const verb = `${request.method} ${kind}`;
    if (verb === 'GET images') return this.#image(id);
    if (verb === 'POST images') return { status: 200, body: { error: `pull access denied for ${url.searchParams.get('fromImage')}` } };
    if (kind === 'containers') return this.#container(request.method ?? '', id, action, url.searchParams, body);
    if (kind === 'networks') return this.#network(request.method ?? '', id, action, url.searchParams, body);
    if (kind === 'volumes') return this.#volume(request.method ?? '', id, url.searchParams, body);
    return refuse(404, 'page not found');
  }

  #image(name: string): Answer {
    const image = this.images.get(name);
    if (image === undefined) return refuse(404, `No such image: ${name}`);
    const volumes = Object.fromEntries((image.volumes ?? []).map((path) => [path, {}]));
    return {
      status: 200,
      body: { Id: image.id, Config: { Env: image.environment ?? null, Labels: image.labels ?? null, Volumes: volumes } },
    };
  }

  #container(method: string, id: string, action: string, query: URLSearchParams, body: JsonRecord): Answer {
    if (id === 'json') return { status: 200, body: [...this.containers.values()].filter(labelled(query)).map((item) => summary(item)) };
    if (id === 'create') return this.#create(query.get('name') ?? '', body);
    const container = this.containers.get(id);
    if (container === undefined) return refuse(404, `No such container: ${id}`);
    if (method === 'DELETE') {
      if (container.state === 'running') return refuse(409, `You cannot remove a running container ${id}`);
      this.containers.delete(id);
      return { status: 204 };
    }
    if (action === 'json') return { status: 200, body: { Id: id, Config: { Env: container.body['Env'] } } };
    if (action === 'rename') {
      container.name = query.get('name') ?? '';
      return { status: 204 };
    }
    if (action === 'stop') {
      if (container.state !== 'running') return { status: 304 };
      container.state = 'exited';
      return { status: 204 };
    }
    return action === 'start' ? this.#start(container) : refuse(404, 'page not found');
  }

  #create(name: string, body: JsonRecord): Answer {
    if ([...this.containers.values()].some((other) => other.name === name))
      return refuse(409, `The container name "/${name}" is already in use`);
    if (![...this.images.values()].some(({ id }) => id === body['Image'])) return refuse(404, `No such image: ${String(body['Image'])}`);
    const id = randomBytes(32).toString('hex');
    const mode = stringOr(recordOr(body['HostConfig'])['NetworkMode'], 'bridge');
    this.#clock += 1;
    this.containers.set(id, { id, name, state: 'created', created: this.#clock, body, networks: [mode] });
    for (const volume of usedVolumes(body)) if (!this.volumes.has(volume)) this.volumes.set(volume, { Name: volume });
    return { status: 201, body: { Id: id } };
  }

  #start(container: DoubleContainer): Answer {
    if (container.state === 'running') return { status: 304 };
    const own = new Set(['host', 'bridge', 'none']);
    const missing = container.networks.find((name) => !own.has(name) && this.networks.get(name)?.['ConfigOnly'] !== false);
    if (missing !== undefined) return refuse(404, `network ${missing} not found`);
    container.state = 'running';
    return { status: 204 };
  }

  #network(method: string, id: string, action: string, query: URLSearchParams, body: JsonRecord): Answer {
    if (id === '')
      return { status: 200, body: [...this.networks.values()].filter((item) => hasLabels(stringRecord(item['Labels']), query)) };
    if (id === 'create') {
      const name = stringOr(body['Name'], '');
      if (this.networks.has(name)) return refuse(409, `network with name ${name} already exists`);
      const network: JsonRecord = { Driver: 'bridge', Internal: false, EnableIPv6: false, ConfigOnly: false, ...body };
      this.networks.set(name, network['ConfigOnly'] === true ? { ...network, Driver: 'null' } : network);
      return { status: 201, body: { Id: name } };
    }
    const network = this.networks.get(id);
    if (network === undefined) return refuse(404, `network ${id} not found`);
    if (action === 'connect') {
      this.containers.get(stringOr(body['Container'], ''))?.networks.push(id);
      return { status: 200 };
    }
    if (method !== 'DELETE') return { status: 200, body: network };
    if ([...this.containers.values()].some((container) => container.networks.includes(id)))
      return refuse(403, `network ${id} has active endpoints`);
    this.networks.delete(id);
    return { status: 204 };
  }

  #volume(method: string, id: string, query: URLSearchParams, body: JsonRecord): Answer {
    if (id === '')
      return {
        status: 200,
        body: { Volumes: [...this.volumes.values()].filter((item) => hasLabels(stringRecord(item['Labels']), query)) },
      };
    if (id === 'create') {
      const name = stringOr(body['Name'], '');
      if (!this.volumes.has(name)) this.volumes.set(name, body);
      return { status: 201, body: this.volumes.get(name) };
    }
    if (!this.volumes.has(id)) return refuse(404, `get ${id}: no such volume`);
    if (method !== 'DELETE') return { status: 200, body: this.volumes.get(id) };
    if ([...this.containers.values()].some((container) => usedVolumes(container.body).includes(id)))
      return refuse(409, `volume ${id} is in use`);
    this.volumes.delete(id);
    return { status: 204 };
  }
}

function usedVolumes(body: JsonRecord): string[] {
  const binds = stringList(recordOr(body['HostConfig'])['Binds']).map((bind) => bind.split(':')[0] ?? '');
  return binds.filter((source) => source !== '' && !source.startsWith('/'));
}

function hasLabels(labels: Record<string, string>, query: URLSearchParams): boolean {
  const wanted = stringList(recordOr(JSON.parse(query.get('filters') ?? '{}'))['label']);
  return wanted.every((label) => label in labels);
}

function labelled(query: URLSearchParams): (container: DoubleContainer) => boolean {
  return (container) => hasLabels(stringRecord(container.body['Labels']), query);
}

function summary({ id, name, state, created, body, networks }: DoubleContainer): JsonRecord {
  const attached = Object.fromEntries(networks.map((network) => [network, {}]));
  return {
    Id: id,
    Names: [`/${name}`],
    Image: body['Image'],
    Created: created,
    State: state,
    Labels: body['Labels'],
    NetworkSettings: { Networks: attached },
  };
}

async function readJson(request: IncomingMessage): Promise<JsonRecord> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (chunk instanceof Buffer) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  const value: unknown = text === '' ? {} : JSON.parse(text);
  return isRecord(value) ? value : {};
}
