import type Docker from 'dockerode';
import { CommandFailed } from '../shell/errors.ts';
import type { RunOptions, ShellResult } from '../shell/shell.ts';
import { observed } from '../waiting.ts';
import type { Service } from './engine.ts';
import { engineError, NoSuchService, NotExecuted } from './errors.ts';
import { execIn } from './exec.ts';

export interface ServiceHandle {
  docker: Docker;
  appId: number;
  name: string;
  /** Budget of a command without one of its own, milliseconds. */
  commandTimeout: number;
}

const lookAgainEvery = 250;

/** A service of an app under the supervisor: its container is looked up by the supervisor's labels each time. */
export function serviceOf({ docker, appId, name, commandTimeout }: ServiceHandle): Service {
  async function containerId(): Promise<string> {
    const found = await containersOf(docker, appId, name);
    // While one is handed over to its successor there are two: the newer one is the service.
    const newest = found.sort((a, b) => b.Created - a.Created)[0];
    if (newest === undefined) {
      throw new NoSuchService(`the engine has no container of service ${name} of app ${appId}`, {
        blame: 'product',
        advice: 'Was it deployed, and did the supervisor apply the state?',
      });
    }
    return newest.Id;
  }

  let last: string | undefined;

  /**
   * In the container of the last command, as long as it is there and runs: a look at all containers costs an emulated device a second.
   * A command that the engine didn't execute is tried once more, in the container of now.
   */
  async function exec(command: string, options: RunOptions): Promise<ShellResult> {
    const run = async () => {
      last ??= await containerId();
      return execIn(docker, last, command, { timeout: commandTimeout, ...options });
    };
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof NotExecuted)) throw error;
      last = undefined;
      return run();
    }
  }

  async function asked<T>(doing: string, ask: (container: Docker.Container) => Promise<T>): Promise<T> {
    try {
      return await ask(docker.getContainer(await containerId()));
    } catch (error) {
      throw engineError(`${doing} of service ${name}`, error);
    }
  }

  const service: Service = {
    name,
    appId,
    containerId,
    inspect: () => asked('an account', (container) => container.inspect()),
    run: (command, options = {}) => exec(command, options),
    async check(command, options) {
      const result = await service.run(command, options);
      if (result.exitCode !== 0) throw new CommandFailed(result);
      return result.stdout.trimEnd();
    },
    async environment() {
      const { stdout } = await service.run('cat /proc/1/environ');
      return Object.fromEntries(stdout.split('\0').filter(Boolean).map(nameAndValue));
    },
    logs: () => asked('the logs', (container) => logsOf(docker, container)),
    async running({ timeout, signal }) {
      await observed({
        awaited: `service ${name} to run`,
        budget: timeout,
        interval: lookAgainEvery,
        signal,
        blame: 'product',
        advice: 'The evidence of its last end is in the service’s logs.',
        async look() {
          const [newest] = (await containersOf(docker, appId, name)).sort((a, b) => b.Created - a.Created);
          if (newest === undefined) return 'no container';
          return newest.State === 'running' ? { found: undefined } : `container ${newest.State} (${newest.Status})`;
        },
      });
    },
  };
  return service;
}

/** Labels that the supervisor puts on each container. Source: supervisor v19.0.5, src/compose/service.ts. */
export async function containersOf(docker: Docker, appId: number, name: string): Promise<Docker.ContainerInfo[]> {
  const label = [`io.balena.app-id=${appId}`, `io.balena.service-name=${name}`];
  try {
    return await docker.listContainers({ all: true, filters: { label } });
  } catch (error) {
    throw engineError('the list of containers', error);
  }
}

/** @param last only so many lines from the end */
export async function logsOf(docker: Docker, container: Docker.Container, last?: number): Promise<string> {
  const { Config } = await container.inspect();
  const bytes = await container.logs({ stdout: true, stderr: true, follow: false, ...(last !== undefined && { tail: last }) });
  // With a terminal both streams are one already; without, each piece has a header of eight bytes.
  return Config.Tty ? bytes.toString('utf8') : demultiplexed(bytes);
}

/** The engine's framing: one byte of stream number, three of zero, four of length (big-endian), then that many bytes. */
function demultiplexed(bytes: Buffer): string {
  const pieces: Buffer[] = [];
  for (let start = 0; start + 8 <= bytes.length;) {
    const end = start + 8 + bytes.readUInt32BE(start + 4);
    pieces.push(bytes.subarray(start + 8, end));
    start = end;
  }
  return Buffer.concat(pieces).toString('utf8');
}

function nameAndValue(entry: string): [string, string] {
  const cut = entry.indexOf('=');
  return cut === -1 ? [entry, ''] : [entry.slice(0, cut), entry.slice(cut + 1)];
}
