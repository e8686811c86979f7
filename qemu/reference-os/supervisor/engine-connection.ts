import { request } from 'node:http';
import { deferred } from './deferred.ts';
import { EngineError, messageOf } from './errors.ts';
import { isRecord } from './json-values.ts';

/** The engine's API as Docker 20.10 speaks it. */
const API = '/v1.41';

/** Under software emulation a container's start was seen to take 8 s, its stop waits for the service's grace period. */
const CALL_BUDGET_MS = 120_000;
/** An image of some hundred megabytes over a slow line. */
export const PULL_BUDGET_MS = 1_800_000;

export interface EngineReply {
  status: number;
  /** The body as JSON; its text where it isn't any. */
  body: unknown;
}

/** HTTP over the engine's unix socket. */
export class EngineConnection {
  readonly #socket: () => string;

  constructor(socket: () => string) {
    this.#socket = socket;
  }

  /**
   * One call. Statuses below 300 and those in `accept` are replies.
   * @throws EngineError for any other status, a lost connection or no answer within the budget
   */
  async call(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    options: { body?: unknown; accept?: number[]; budget?: number } = {},
  ): Promise<EngineReply> {
    const reply = await this.#exchange(method, path, options.body, options.budget ?? CALL_BUDGET_MS);
    if (reply.status < 300 || options.accept?.includes(reply.status)) return reply;
    throw new EngineError(`(HTTP code ${reply.status}) ${describe(reply.body)} (${method} ${path})`, reply.status);
  }

  #exchange(method: string, path: string, body: unknown, budget: number): Promise<EngineReply> {
    const socketPath = this.#socket();
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const { promise, resolve, reject } = deferred<EngineReply>();
    const fail = (error: Error): void => {
      reject(new EngineError(`the engine at ${socketPath} gave no answer to ${method} ${path}: ${messageOf(error)}`, 0, error));
    };
    const headers = payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
    const signal = AbortSignal.timeout(budget);
    const outgoing = request({ socketPath, method, path: API + path, headers, signal, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', fail);
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString('utf8')) }));
    });
    outgoing.on('error', fail);
    outgoing.end(payload);
    return promise;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Progress streams are one object a line, some errors plain text: both are handed on as they came.
    return text;
  }
}

function describe(body: unknown): string {
  if (isRecord(body) && typeof body['message'] === 'string') return body['message'];
  return typeof body === 'string' ? body.slice(0, 300) : JSON.stringify(body);
}
