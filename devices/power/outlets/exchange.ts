import { randomBytes } from 'node:crypto';
import { DriverFailed } from '../../drivers/errors.ts';
import { digestAuthorization, type Credentials } from './digest.ts';

export interface Exchange {
  /** Of the switch, for messages. */
  name: string;
  url: URL;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** For a switch that asks for a password by digest. */
  digest?: Credentials | undefined;
  signal: AbortSignal;
}

/** Bytes of an answer that are of use. */
const mostQuoted = 2_000;

/** One request to a switch, on a connection of its own. The body of its answer; DriverFailed for anything but a status of 2xx. */
export async function exchange({ name, url, method = 'GET', headers = {}, body, digest, signal }: Exchange): Promise<string> {
  const shown = `${method} ${url.origin}${url.pathname}`;
  const failed = (seen: string, advice: string, cause?: unknown) =>
    new DriverFailed(`${name} didn't do as it was asked (${shown}): ${seen}`, {
      blame: 'infra',
      evidence: [{ kind: 'http', text: `${shown}\n${seen}` }],
      advice,
      cause,
    });
  const send = (more: Record<string, string> = {}) =>
    fetch(url, {
      method,
      headers: { connection: 'close', ...headers, ...more },
      redirect: 'error',
      signal,
      ...(body !== undefined && { body }),
    });
  let answer: Response;
  let text: string;
  try {
    answer = await send();
    const challenge = answer.status === 401 && digest !== undefined ? answer.headers.get('www-authenticate') : null;
    if (challenge !== null && digest !== undefined) {
      const asked = { ...digest, method, uri: url.pathname + url.search, cnonce: randomBytes(16).toString('hex') };
      const authorization = digestAuthorization(challenge, asked);
      if (authorization !== undefined) {
        await answer.body?.cancel();
        answer = await send({ authorization });
      }
    }
    text = (await answer.text()).slice(0, mostQuoted);
  } catch (cause) {
    const seen = signal.aborted ? 'no answer within the budget' : reasonOf(cause);
    throw failed(seen, `Is it switched on, and at ${url.host}?`, cause);
  }
  if (answer.ok) return text;
  const advice =
    answer.status === 401 || answer.status === 403
      ? 'It wants another user or password than bench.yaml has.'
      : 'Is it of the kind that bench.yaml says?';
  throw failed(`status ${answer.status} “${text.slice(0, 200)}”`, advice);
}

/** The same, for an answer in JSON. */
export async function exchangeJson(request: Exchange): Promise<unknown> {
  const text = await exchange(request);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DriverFailed(`${request.name} answered ${request.url.pathname} with what is no JSON: “${text.slice(0, 200)}”`, {
      blame: 'infra',
      evidence: [{ kind: 'http', text }],
      advice: 'Is it of the kind that bench.yaml says?',
      cause,
    });
  }
}

/** What an answer has that a schema asks for, or an DriverFailed that quotes it. */
export function answered<T>(name: string, schema: { safeParse(value: unknown): { data?: T } }, value: unknown): T {
  const { data } = schema.safeParse(value);
  if (data !== undefined) return data;
  const text = JSON.stringify(value)?.slice(0, 200);
  throw new DriverFailed(`${name} answered with something else than its state: ${text}`, {
    blame: 'infra',
    evidence: [{ kind: 'http', text: text ?? '' }],
    advice: 'Has it that outlet, and is it of the kind that bench.yaml says?',
  });
}

export function basicAuthorization({
  user,
  password,
}: {
  user?: string | undefined;
  password?: string | undefined;
}): Record<string, string> {
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` };
}

/** fetch says only that it failed; what happened is its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
