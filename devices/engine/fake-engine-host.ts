import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { z } from 'zod';
import type { Endpoint } from '../device.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

export interface FakeContainer {
  Id: string;
  Created: number;
  State: 'running' | 'exited';
  Names: string[];
  Labels: Record<string, string>;
  /** `name=value`. */
  env: string[];
  log: string;
}

const serviceSchema = z.object({
  imageId: z.number(),
  serviceName: z.string(),
  image: z.string(),
  running: z.boolean(),
  environment: z.record(z.string(), z.string()),
  labels: z.record(z.string(), z.string()),
});
const stateSchema = z.object({
  local: z.object({
    apps: z.record(z.string(), z.object({ releaseId: z.number(), name: z.string(), services: z.record(z.string(), serviceSchema) })),
  }),
});

/**
 * The engine's API over HTTP, as far as it is used here, and a supervisor that turns a target state into its containers. A command is
 * executed by this host's shell; the framing of its streams, the upgrade of the connection and the half-close of stdin are the real ones.
 */
export class FakeEngineHost {
  apiVersion = '1.41';
  containers: FakeContainer[] = [];
  volumes: string[] = [];
  images = new Map<string, number>();
  /** What the supervisor does with a state it took: by default it makes it so at once. */
  apply: (containers: FakeContainer[]) => void = (containers) => {
    this.containers = containers;
  };
  /** Request lines, without their version prefix's absence hidden. */
  readonly requests: string[] = [];
  /** TCP connections that were made to it, and the end of the last one. */
  connections = 0;
  lastClosed: Promise<unknown> = Promise.resolve();
  readonly #streams = new Set<Duplex>();
  readonly #execs = new Map<string, { command: string; exitCode: number | null }>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #port = 0;

  static async start(): Promise<FakeEngineHost> {
    const host = new FakeEngineHost();
    host.#server.on('upgrade', (request, socket, head) => void host.#execute(request, socket, head));
    host.#server.on('connection', (socket) => {
      host.connections += 1;
      host.lastClosed = once(socket, 'close');
    });
    host.#server.listen(0, '127.0.0.1');
    await once(host.#server, 'listening');
    const address = host.#server.address();
    host.#port = typeof address === 'object' && address !== null ? address.port : 0;
    return host;
  }

  get endpoint(): Endpoint {
    return { host: '127.0.0.1', port: this.#port };
  }

  readonly supervisor: Supervisor = {
    ready: async () => undefined,
    request: async (method, path, { body } = {}) => {
      if (method === 'GET') return { status: 200, text: '{"appState":"applied"}', json: { appState: 'applied' } };
      const state = stateSchema.safeParse(body);
      if (!state.success) return { status: 400, text: state.error.message, json: undefined };
      this.apply(
        Object.entries(state.data.local.apps).flatMap(([appId, app]) =>
          Object.values(app.services).map((service) => this.#made(appId, service)),
        ),
      );
      return { status: 200, text: '{"status":"success"}', json: {} };
    },
  };

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close().closeAllConnections();
    for (const stream of this.#streams) stream.destroy();
    await closed;
  }

  /** The container that is there already if its description is the same. */
  #made(appId: string, { serviceName, running, labels, environment }: z.infer<typeof serviceSchema>): FakeContainer {
    const State = running ? 'running' : 'exited';
    const Labels = { ...labels, 'io.balena.supervised': 'true', 'io.balena.app-id': appId, 'io.balena.service-name': serviceName };
    const same = this.containers.find((container) => JSON.stringify(container.Labels) === JSON.stringify(Labels));
    if (same !== undefined) return { ...same, State };
    const env = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    return { Id: randomBytes(32).toString('hex'), Created: this.requests.length, State, Names: [`/${serviceName}`], Labels, env, log: '' };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = `${request.method} ${request.url}`;
    this.requests.push(line);
    const path = decodeURIComponent((request.url ?? '').replace(/^\/v[\d.]+/, ''));
    const give = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(Buffer.isBuffer(body) ? body : JSON.stringify(body));
    };
    const [, id = ''] = /^\/(?:containers|exec)\/([^/]+)\//.exec(path) ?? [];
    const container = this.containers.find(({ Id }) => Id === id);
    if (path === '/version') give(200, { ApiVersion: this.apiVersion });
    else if (path.startsWith('/containers/json')) give(200, this.#listed(path));
    else if (path.startsWith('/images/json'))
      give(
        200,
        [...this.images.keys()].filter((tag) => path.includes(tag)).map((tag) => ({ RepoTags: [tag] })),
      );
    else if (path.startsWith('/images/create')) {
      const query = new URLSearchParams(path.slice(path.indexOf('?')));
      this.images.set(`${query.get('repo')}:${query.get('tag')}`, (await buffer(request)).length);
      give(200, { status: 'sha256:…' });
    } else if (path === '/volumes') give(200, { Volumes: this.volumes.map((Name) => ({ Name })) });
    else if (path.startsWith('/volumes/')) {
      this.volumes = this.volumes.filter((name) => !path.startsWith(`/volumes/${name}`));
      give(204, '');
    } else if (path.startsWith('/exec/')) {
      const exec = this.#execs.get(id);
      give(exec === undefined ? 404 : 200, { Running: exec?.exitCode === null, ExitCode: exec?.exitCode });
    } else if (container === undefined) give(404, { message: `No such container: ${id}` });
    else if (path.endsWith('/exec')) {
      if (container.State !== 'running') give(409, { message: `Container ${id} is not running` });
      else {
        const { Cmd } = z.object({ Cmd: z.array(z.string()) }).parse(JSON.parse(await text(request)));
        const exec = randomBytes(8).toString('hex');
        this.#execs.set(exec, { command: Cmd.at(-1) ?? '', exitCode: null });
        give(201, { Id: exec });
      }
    } else if (path.includes('/logs')) give(200, frame(1, Buffer.from(container.log)));
    else {
      const Running = container.State === 'running';
      give(200, {
        Id: id,
        State: { Status: container.State, Running, ExitCode: Running ? 0 : 3, Error: '' },
        RestartCount: 2,
        Config: { Tty: false },
      });
    }
  }

  #listed(path: string): FakeContainer[] {
    const filters = z
      .object({ label: z.array(z.string()).default([]) })
      .parse(JSON.parse(new URLSearchParams(path.split('?')[1]).get('filters') ?? '{}'));
    return this.containers.filter(({ Labels }) =>
      filters.label.every((wanted) => {
        const [name = '', value] = wanted.split('=', 2);
        return value === undefined ? name in Labels : Labels[name] === value;
      }),
    );
  }

  /** POST /exec/:id/start: the connection becomes the command's streams. */
  async #execute(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const [, id = ''] = /\/exec\/([^/]+)\/start/.exec(request.url ?? '') ?? [];
    const exec = this.#execs.get(id) ?? { command: 'false', exitCode: null };
    this.#streams.add(socket);
    // The request's own body comes first.
    socket.unshift(head);
    let unread = Number(request.headers['content-length'] ?? 0);
    while (unread > 0) {
      const bytes: Buffer | null = socket.read(Math.min(unread, socket.readableLength));
      if (bytes === null) await once(socket, 'readable');
      else unread -= bytes.length;
    }
    socket.write('HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    const shell = spawn('/bin/sh', ['-c', exec.command], { stdio: 'pipe' });
    socket.pipe(shell.stdin);
    shell.stdin.on('error', () => socket.unpipe(shell.stdin));
    socket.once('close', () => shell.kill());
    shell.stdout.on('data', (bytes: Buffer) => socket.write(frame(1, bytes)));
    shell.stderr.on('data', (bytes: Buffer) => socket.write(frame(2, bytes)));
    shell.once('close', (code) => {
      exec.exitCode = code;
      socket.end();
    });
  }
}

function frame(stream: number, bytes: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}
