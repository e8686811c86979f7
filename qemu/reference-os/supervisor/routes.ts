import type { Caller } from './authentication.ts';
import type { JsonRecord } from './json-values.ts';
import type { Reply } from './reply.ts';

export interface Call {
  caller: Caller;
  /** The named parts of the path. */
  parameters: Record<string, string>;
  query: URLSearchParams;
  body: JsonRecord;
}

export type Handler = (call: Call) => Promise<Reply> | Reply;

/** Handlers by `METHOD /path/:parameter`. */
export type Routes = Record<string, Handler>;

/** @returns a function that finds the handler of a call: the first route that matches, regardless of case and of a slash at the end, as Express does */
export function router(
  routes: Routes,
): (method: string, path: string) => { handler: Handler; parameters: Record<string, string> } | undefined {
  const compiled = Object.entries(routes).map(([route, handler]) => {
    const [method = '', path = ''] = route.split(' ');
    return { method, handler, expression: new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}/?$`, 'i') };
  });
  return (method, path) => {
    for (const { method: ownMethod, handler, expression } of compiled) {
      const match = ownMethod === method ? expression.exec(path) : null;
      if (match !== null) return { handler, parameters: { ...match.groups } };
    }
    return undefined;
  };
}
