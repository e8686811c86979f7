import { type IncomingMessage, request as send, type RequestOptions } from 'node:http';
import { text as bodyOf } from 'node:stream/consumers';
import type { Endpoint } from '../device.ts';
import { DeviceError } from '../errors.ts';
import { observed } from '../waiting.ts';
import type { Supervisor, SupervisorRequest, SupervisorResponse } from './supervisor.ts';

/** Nothing speaks HTTP where the supervisor should, or it went silent in the middle of an answer. */
export class SupervisorUnreachable extends DeviceError {
  override readonly name = 'SupervisorUnreachable';
}

export interface HttpSupervisorOptions {
  /** Where the API is now; asked again for each request. */
  endpoint: () => Promise<Endpoint>;
  /** Budget of a request without one of its own, milliseconds. */
  timeout: number;
}

const askAgainEvery = 500;

/** The supervisor's API over HTTP, reached through its published port. */
export function httpSupervisor({ endpoint, timeout: usualTimeout }: HttpSupervisorOptions): Supervisor {
  async function request(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    { body, apiKey, timeout = usualTimeout, signal }: SupervisorRequest = {},
  ): Promise<SupervisorResponse> {
    const { host, port } = await endpoint();
    const budget = AbortSignal.timeout(timeout);
    const content = body === undefined ? '' : JSON.stringify(body);
    try {
      const { status, text } = await exchange(content, {
        host,
        port,
        method,
        path,
        headers: {
          ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
          ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
        },
        signal: signal ? AbortSignal.any([signal, budget]) : budget,
      });
      return { status, text, json: asJson(text) };
    } catch (error) {
      signal?.throwIfAborted();
      const seen = budget.aborted ? `no answer within ${timeout / 1000} s` : messageOf(error);
      throw new SupervisorUnreachable(`the supervisor didn't answer ${method} ${path}: ${seen}`, {
        blame: 'product',
        evidence: [{ kind: 'http', text: `${method} http://${host}:${port}${path}\n${seen}` }],
        advice: 'Is balena-supervisor.service running on the device? Its journal is `journalctl -u balena-supervisor`.',
        cause: error,
      });
    }
  }

  return {
    request,
    ready: ({ timeout, signal }) =>
      observed({
        awaited: "the supervisor's answer to /ping",
        budget: timeout,
        interval: askAgainEvery,
        signal,
        blame: 'product',
        advice: 'Is balena-supervisor.service running on the device? An OS without a supervisor can’t run these suites.',
        async look() {
          try {
            const { status, text } = await request('GET', '/ping', { timeout: Math.min(timeout, usualTimeout), ...(signal && { signal }) });
            return status === 200 ? { found: undefined } : `status ${status} “${text.slice(0, 200)}”`;
          } catch (error) {
            if (error instanceof SupervisorUnreachable) return messageOf(error.cause);
            throw error;
          }
        },
      }),
  };
}

/** A connection of its own for each: the supervisor ends its process at a reboot, and a kept connection would fail what comes after it. */
async function exchange(content: string, options: RequestOptions): Promise<{ status: number; text: string }> {
  const request = send({ ...options, agent: false });
  request.end(content);
  const response = await new Promise<IncomingMessage>((resolve, reject) => request.once('response', resolve).once('error', reject));
  return { status: response.statusCode ?? 0, text: await bodyOf(response) };
}

function asJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
