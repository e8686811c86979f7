export interface SupervisorResponse {
  status: number;
  /** The body as it came. */
  text: string;
  /** The body as JSON; undefined where it isn't JSON. */
  json: unknown;
}

export interface SupervisorRequest {
  body?: unknown;
  /** How a key is presented; default: none. */
  apiKey?: string;
  timeout?: number;
  signal?: AbortSignal;
}

/** The device's supervisor API (port 48484) as the bench side reaches it. It judges nothing: any status is a response. */
export interface Supervisor {
  request(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, options?: SupervisorRequest): Promise<SupervisorResponse>;
  /** Resolves once /ping answers 200. */
  ready(options: { timeout: number; signal?: AbortSignal }): Promise<void>;
}
