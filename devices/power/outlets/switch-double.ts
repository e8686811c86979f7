import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** A request as a double sees it. */
export interface Asked {
  url: URL;
  method: string;
  body: string;
  authorization: string | undefined;
}

/** What a double answers: a body, or a status; undefined: nothing, ever. */
export type Answer = { status?: number; headers?: Record<string, string>; body: unknown } | undefined;

/** A switch on a network: an outlet that is off, behind a protocol of somebody's. */
export class SwitchDouble {
  readonly host: string;
  on = false;
  powerOns = 0;
  /** Takes every order and follows none. */
  stuck = false;
  readonly asked: Asked[] = [];
  readonly close: () => Promise<void>;

  static async start(answer: (asked: Asked, double: SwitchDouble) => Answer): Promise<SwitchDouble> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
    const double = new SwitchDouble(`127.0.0.1:${address.port}`, async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    const serve = async (request: IncomingMessage, response: ServerResponse) => {
      const asked = {
        url: new URL(request.url ?? '/', `http://${double.host}`),
        method: request.method ?? '',
        body: await text(request),
        authorization: request.headers.authorization,
      };
      double.asked.push(asked);
      const said = answer(asked, double);
      if (said === undefined) return;
      response.writeHead(said.status ?? 200, said.headers).end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body));
    };
    server.on('request', (request, response) => {
      serve(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    });
    return double;
  }

  private constructor(host: string, close: () => Promise<void>) {
    this.host = host;
    this.close = close;
  }

  set(on: boolean): void {
    if (this.stuck || on === this.on) return;
    this.on = on;
    if (on) this.powerOns += 1;
  }
}
