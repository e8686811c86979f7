import type { IncomingMessage } from 'node:http';
import type { ApiKeys } from './api-keys.ts';

/** What a caller may do. */
export interface Caller {
  /** The key it presented, valid or not; empty for none. */
  key: string;
  permits: (appId: number) => boolean;
}

/** A key in the query beats one in the header. The header's scheme is ApiKey or Bearer in any case; Basic and a bare key are none. */
export function presentedKey(request: IncomingMessage, query: URLSearchParams): string {
  const inQuery = query.get('apikey');
  if (inQuery) return inQuery;
  return /^(?:ApiKey|Bearer) (\w+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
}

/**
 * Who is calling; undefined for a caller to be turned away. Keys count only on a managed device out of local mode: elsewhere any caller,
 * a wrong key included, may do anything (v19.0.5).
 */
export function authenticate(key: string, keysCount: boolean, keys: ApiKeys): Caller | undefined {
  if (!keysCount) return { key, permits: () => true };
  const known = keys.find(key);
  if (known === undefined) return undefined;
  return { key, permits: (appId) => (known.appId === 0 && known.service === null) || known.appId === appId };
}
