import { Agent, type ClientRequestArgs } from 'node:http';
import { connect, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import Docker from 'dockerode';
import type { Endpoint } from '../device.ts';

/** The newest engine API this code was written against. An older engine is spoken to in its own version, a newer one in this. */
const ourApiVersion = [1, 44] as const;

/**
 * Milliseconds that a connection is kept for the next request. A device that reboots, or is switched off and on, takes longer: no request
 * is sent into a connection that its engine knows nothing of, which a virtual machine's network would leave without an answer.
 */
const keptFor = 500;

/** Connects to wherever the engine is at that moment: a virtual machine may have another port after a power cycle. */
class EndpointAgent extends Agent {
  readonly #endpoint: () => Promise<Endpoint>;

  constructor(endpoint: () => Promise<Endpoint>) {
    super({ keepAlive: true, timeout: keptFor });
    this.#endpoint = endpoint;
  }

  override createConnection(_options: ClientRequestArgs, done?: (error: Error | null, stream: Duplex) => void): undefined {
    void this.#connect(done);
  }

  async #connect(done: ((error: Error | null, stream: Duplex) => void) | undefined): Promise<void> {
    try {
      const { host, port } = await this.#endpoint();
      done?.(null, connect({ host, port, noDelay: true }));
    } catch (error) {
      // Beside an error the stream isn't looked at.
      done?.(error instanceof Error ? error : new TypeError(String(error)), new Socket());
    }
  }
}

/** A dockerode client without a version: see `agreeOnVersion`. */
export function dockerAt(endpoint: () => Promise<Endpoint>): Docker {
  // The agent knows the address; the one given here only goes into the Host header.
  const options = { protocol: 'http', host: 'engine', port: 2375, agent: new EndpointAgent(endpoint) } as const;
  return new Docker(options);
}

/** Pins the API version to the lower of theirs and ours, so that neither side meets words it doesn't know. */
export async function agreeOnVersion(docker: Docker): Promise<void> {
  const { ApiVersion } = await docker.version();
  const theirs = /^(\d+)\.(\d+)$/.exec(ApiVersion)?.slice(1).map(Number) ?? ourApiVersion;
  const [major = 0, minor = 0] = theirs;
  const older = major < ourApiVersion[0] || (major === ourApiVersion[0] && minor < ourApiVersion[1]);
  Object.assign(docker.modem, { version: `v${(older ? theirs : ourApiVersion).join('.')}` });
}
