import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { ApiKeys } from './api-keys.ts';
import { type ApiParts, bodilessRoutes, v1Routes } from './api-v1.ts';
import { v2Routes } from './api-v2.ts';
import type { Applier } from './applier.ts';
import { type Caller, authenticate, presentedKey } from './authentication.ts';
import { deferred } from './deferred.ts';
import { SupervisorError, messageOf } from './errors.ts';
import { type JsonRecord, isRecord } from './json-values.ts';
import { type Reply, bare, failure, noSuchRoute, text } from './reply.ts';
import { router } from './routes.ts';
import { log } from './log.ts';

/** The largest body that is read, as in v19.0.5. */
const BODY_LIMIT_BYTES = 10 * 1024 * 1024;
/** An apply that runs longer than this is stuck: twice the longest poll interval of v19.0.5. */
const STUCK_AFTER_MS = 2 * 900_000;

/** The supervisor's API: what is open to all, then the key, then the route. */
export class HttpApi {
  readonly #server: Server;
  readonly #keys: ApiKeys;
  readonly #keysCount: () => boolean;
  readonly #open: ReturnType<typeof router>;
  readonly #bodiless: ReturnType<typeof router>;
  readonly #routes: ReturnType<typeof router>;

  constructor(parts: ApiParts, applier: Applier) {
    this.#keys = parts.keys;
    this.#keysCount = () => parts.targets.keysCount;
    this.#open = router({
      'GET /ping': () => text(200, 'OK'),
      'GET /v1/healthy': () => (applier.busyFor < STUCK_AFTER_MS ? bare(200) : text(500, 'Unhealthy')),
    });
    this.#bodiless = router(bodilessRoutes(parts));
    this.#routes = router({ ...v1Routes(parts), ...v2Routes(parts, applier) });
    this.#server = createServer((request, response) => {
      void this.#serve(request, response);
    });
  }

  /** @returns the port it listens on, on every address */
  async listen(port: number): Promise<number> {
    const { promise, resolve, reject } = deferred<void>();
    this.#server.once('error', reject);
    this.#server.listen(port, '0.0.0.0', resolve);
    await promise;
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Refuses new connections at once; what is being answered is finished. */
  stopListening(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  async close(): Promise<void> {
    const { promise, resolve } = deferred<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const url = new URL(request.url ?? '/', 'http://device');
    let reply: Reply;
    try {
      reply = await this.#answer(request, url);
    } catch (error) {
      reply = failure(error);
    }
    response.writeHead(reply.status, { 'content-type': reply.type, 'content-length': Buffer.byteLength(reply.body), connection: 'close' });
    response.end(reply.body);
    log('info', `${request.method} ${url.pathname} ${reply.status} - ${(performance.now() - began).toFixed(1)} ms`);
  }

  async #answer(request: IncomingMessage, url: URL): Promise<Reply> {
    const method = request.method ?? 'GET';
    const call = { query: url.searchParams, body: {} };
    const open = this.#open(method, url.pathname);
    if (open !== undefined) return open.handler({ ...call, ...open, caller: nobody });
    // The key comes before the route: without one an unknown path is 401 too (facts §6.3).
    const caller = authenticate(presentedKey(request, url.searchParams), this.#keysCount(), this.#keys);
    if (caller === undefined) return bare(401);
    const bodiless = this.#bodiless(method, url.pathname);
    if (bodiless !== undefined) return bodiless.handler({ ...call, ...bodiless, caller });
    const body = await readBody(request);
    const route = this.#routes(method, url.pathname);
    return route === undefined ? noSuchRoute(method, url.pathname) : route.handler({ ...call, ...route, body, caller });
  }
}

const nobody: Caller = { key: '', permits: () => false };

/** JSON objects and forms; a body of any other type is none. @throws SupervisorError, answered by 503, for malformed JSON */
async function readBody(request: IncomingMessage): Promise<JsonRecord> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Buffer)) continue;
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw new SupervisorError('request entity too large');
    chunks.push(chunk);
  }
  const content = Buffer.concat(chunks).toString('utf8');
  const type = request.headers['content-type'] ?? '';
  if (content === '') return {};
  if (type.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(content));
  return type.startsWith('application/json') ? parseJson(content) : {};
}

function parseJson(content: string): JsonRecord {
  try {
    const value: unknown = JSON.parse(content);
    if (isRecord(value)) return value;
    if (Array.isArray(value)) return {};
  } catch (error) {
    throw new SupervisorError(messageOf(error), { cause: error });
  }
  throw new SupervisorError(`Unexpected token '${content[0]}', ${JSON.stringify(content)} is not valid JSON`);
}
