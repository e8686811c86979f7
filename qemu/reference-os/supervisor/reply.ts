import { STATUS_CODES } from 'node:http';
import { SupervisorError, UpdatesLocked, messageOf } from './errors.ts';
import { log } from './log.ts';

export interface Reply {
  status: number;
  type: string;
  body: string;
}

const HTML = 'text/html; charset=utf-8';

/** Text as Express sends it: v19.0.5 says text/html for it. */
export function text(status: number, body: string): Reply {
  return { status, type: HTML, body };
}

export function json(status: number, body: unknown): Reply {
  return { status, type: 'application/json; charset=utf-8', body: JSON.stringify(body) };
}

/** A status and its name, as text/plain. */
export function bare(status: number): Reply {
  const body = status === 204 ? '' : (STATUS_CODES[status] ?? String(status));
  return { status, type: 'text/plain; charset=utf-8', body };
}

export function failed(status: number, message: string): Reply {
  return json(status, { status: 'failed', message });
}

/** A path that isn't there: the page that Express makes. */
export function noSuchRoute(method: string, path: string): Reply {
  const shown = `${method} ${path}`.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  const body = `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot ${shown}</pre>\n</body>\n</html>\n`;
  return text(404, body);
}

/** Locks are 423, everything unforeseen 503, both as `{status: 'failed', message}`. */
export function failure(error: unknown): Reply {
  if (!(error instanceof SupervisorError)) log('error', 'unforeseen:', error);
  return failed(error instanceof UpdatesLocked ? 423 : 503, messageOf(error));
}

/** As `failure`, but a wrong request is answered by its text alone. */
export function plainRefusal(error: unknown): Reply {
  if (error instanceof SupervisorError && (error.status === 400 || error.status === 404)) return text(error.status, error.message);
  return failure(error);
}
