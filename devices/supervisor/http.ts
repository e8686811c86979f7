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
  endpoint(): Promise<Endpoint>;
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
    try {
      const response = await fetch(`http://${host}:${port}${path}`, {
        method,
        headers: {
          ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          // The supervisor ends its process at a reboot: a kept connection would fail the first request after it.
          connection: 'close',
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, budget]) : budget,
      });
      const text = await response.text();
      return { status: response.status, text, json: asJson(text) };
    } catch (error) {
      signal?.throwIfAborted();
      const seen = budget.aborted ? `no answer within ${timeout / 1000} s` : reasonOf(error);
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
            if (error instanceof SupervisorUnreachable) return reasonOf(error.cause);
            throw error;
          }
        },
      }),
  };
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** fetch hides the system's reason in a cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause ? `${String(cause.code)} (${cause.message})` : cause.message;
}
