import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import test from 'ava';
import { AwaitedTooLong } from '../errors.ts';
import { httpSupervisor, SupervisorUnreachable } from './http.ts';

async function serve(handle: RequestListener) {
  const server = createServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const endpoint = async () => ({ host: '127.0.0.1', port });
  const close = async () => {
    const closed = once(server, 'close');
    server.close().closeAllConnections();
    await closed;
  };
  return { supervisor: httpSupervisor({ endpoint, timeout: 5_000 }), close };
}

test('any status is a response, with its body as text and as JSON', async (t) => {
  const { supervisor, close } = await serve((request, response) => {
    response.statusCode = request.url === '/v1/reboot' ? 202 : 401;
    response.end(request.url === '/v1/reboot' ? '{"Data":"OK","Error":null}' : 'Unauthorized');
  });
  t.deepEqual(await supervisor.request('POST', '/v1/reboot'), {
    status: 202,
    text: '{"Data":"OK","Error":null}',
    json: { Data: 'OK', Error: null },
  });
  t.deepEqual(await supervisor.request('GET', '/v1/device'), { status: 401, text: 'Unauthorized', json: undefined });
  await close();
});

test('a key is presented as a bearer, a body as JSON, and neither where there is none', async (t) => {
  const seen: unknown[] = [];
  const { supervisor, close } = await serve((request, response) => {
    const { authorization, 'content-type': type, connection } = request.headers;
    let body = '';
    request.on('data', (bytes) => (body += String(bytes)));
    request.on('end', () => {
      seen.push([request.method, request.url, authorization, type, connection, body]);
      response.end();
    });
  });
  await supervisor.request('PATCH', '/v1/device/host-config', { apiKey: 'k', body: { network: { hostname: 'h' } } });
  await supervisor.request('GET', '/v2/version?apikey=q');
  t.deepEqual(seen, [
    ['PATCH', '/v1/device/host-config', 'Bearer k', 'application/json', 'close', '{"network":{"hostname":"h"}}'],
    ['GET', '/v2/version?apikey=q', undefined, undefined, 'close', ''],
  ]);
  await close();
});

test('nobody there, silence and a broken-off answer are errors that say so', async (t) => {
  const { supervisor, close } = await serve((request, response) => {
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half');
      response.socket?.destroySoon();
    }
  });
  const silent = await t.throwsAsync(supervisor.request('GET', '/silent', { timeout: 50 }), { instanceOf: SupervisorUnreachable });
  t.is(silent.message, "the supervisor didn't answer GET /silent: no answer within 0.05 s");
  await t.throwsAsync(supervisor.request('GET', '/cut'), { instanceOf: SupervisorUnreachable });
  await close();
  const gone = await t.throwsAsync(supervisor.request('GET', '/ping'), { instanceOf: SupervisorUnreachable });
  t.regex(gone.message, /ECONNREFUSED/);
  t.is(gone.blame, 'product');
});

test("an abort is the caller's own reason", async (t) => {
  const { supervisor, close } = await serve(() => undefined);
  const reason = new RangeError('enough');
  t.is(await t.throwsAsync(supervisor.request('GET', '/', { signal: AbortSignal.abort(reason) })), reason);
  await close();
});

test('ready waits for 200 from /ping and tells what it saw instead', async (t) => {
  let pings = 0;
  const { supervisor, close } = await serve((_request, response) => {
    pings += 1;
    response.statusCode = pings < 3 ? 503 : 200;
    response.end('starting');
  });
  await supervisor.ready({ timeout: 10_000 });
  t.is(pings, 3);
  pings = -1_000;
  const late = await t.throwsAsync(supervisor.ready({ timeout: 600 }), { instanceOf: AwaitedTooLong });
  t.regex(late.message, /the supervisor's answer to \/ping for 0\.6 s; seen instead: status 503 “starting”/);
  await close();
});
