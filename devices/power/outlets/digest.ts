import { createHash } from 'node:crypto';

export interface Credentials {
  user: string;
  password: string;
}

export interface DigestRequest extends Credentials {
  method: string;
  /** Path and query. */
  uri: string;
  /** A word of our own, never used before with this nonce. */
  cnonce: string;
}

/** The hashes that servers ask for, by their names in a challenge. */
const hashes: Readonly<Record<string, string>> = { MD5: 'md5', 'SHA-256': 'sha256' };

/**
 * The answer to a `WWW-Authenticate: Digest …`, for an Authorization header; undefined where the challenge isn't one that can be answered (qop=auth, MD5 or SHA-256).
 * Source: RFC 7616.
 */
export function digestAuthorization(challenge: string, { user, password, method, uri, cnonce }: DigestRequest): string | undefined {
  if (!/^digest /i.test(challenge)) return undefined;
  const asked = new Map(
    [...challenge.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g)].map(([, key = '', quoted, bare]) => [
      key.toLowerCase(),
      quoted ?? bare ?? '',
    ]),
  );
  const [realm, nonce, opaque, algorithm = 'MD5'] = ['realm', 'nonce', 'opaque', 'algorithm'].map((key) => asked.get(key));
  const hash = hashes[algorithm.toUpperCase()];
  const offered = (asked.get('qop') ?? '').split(',').map((word) => word.trim());
  if (hash === undefined || realm === undefined || nonce === undefined || !offered.includes('auth')) return undefined;
  const digest = (...parts: string[]) => createHash(hash).update(parts.join(':')).digest('hex');
  const count = '00000001';
  const response = digest(digest(user, realm, password), nonce, count, cnonce, 'auth', digest(method, uri));
  const quoted = { username: user, realm, nonce, uri, response, cnonce, ...(opaque !== undefined && { opaque }) };
  const fields = Object.entries(quoted).map(([key, value]) => `${key}="${value}"`);
  return `Digest ${[...fields, `algorithm=${algorithm}`, 'qop=auth', `nc=${count}`].join(', ')}`;
}
