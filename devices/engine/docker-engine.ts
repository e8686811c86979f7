import type Docker from 'dockerode';
import type { Endpoint } from '../device.ts';
import { AwaitedTooLong, type Evidence } from '../errors.ts';
import type { Budgets } from '../budgets.ts';
import { SupervisorUnreachable } from '../supervisor/http.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { observed } from '../waiting.ts';
import { agreeOnVersion, dockerAt } from './connection.ts';
import type { App, AppSpec, Engine, Service } from './engine.ts';
import { engineError, ServiceNeverRan, TargetStateRefused } from './errors.ts';
import { loadServiceImage } from './service-image/load.ts';
import { containersOf, logsOf, serviceOf } from './service.ts';
import { emptyTargetState, specLabel, targetStateOf, type ExpectedService, type TargetState } from './target-state.ts';

export interface DockerEngineOptions {
  /** Where the engine's API is now. */
  endpoint: () => Promise<Endpoint>;
  supervisor: Supervisor;
  /** Path of the service image's tar on this side. */
  serviceImage: () => Promise<string>;
  budgets: Budgets;
}

const lookAgainEvery = 250;
const lastLogLines = 20;

/** The device's container engine over TCP, and apps under its supervisor. */
export function dockerEngine({ endpoint, supervisor, serviceImage, budgets }: DockerEngineOptions): Engine {
  const docker = dockerAt(endpoint);
  const serviceHandle = (appId: number, name: string) => serviceOf({ docker, appId, name, commandTimeout: budgets.command });

  async function ready({ timeout, signal }: { timeout: number; signal?: AbortSignal }): Promise<void> {
    await observed({
      awaited: 'an answer of the container engine',
      budget: timeout,
      interval: lookAgainEvery,
      signal,
      blame: 'product',
      advice: 'Only a development image opens the engine on TCP 2375: is developmentMode true in config.json, and balena.service running?',
      async look() {
        try {
          await agreeOnVersion(docker);
          return { found: undefined };
        } catch (error) {
          return error instanceof Error ? error.message : String(error);
        }
      },
    });
  }

  async function post(state: unknown): Promise<void> {
    const { status, text } = await supervisor.request('POST', '/v2/local/target-state', { body: state });
    if (status === 200) return;
    throw new TargetStateRefused(`the supervisor refused the target state with ${status}: ${text.trim()}`, {
      blame: status === 401 ? 'test' : 'product',
      evidence: [{ kind: 'http', text: `POST /v2/local/target-state\n${JSON.stringify(state, undefined, 2)}\n\n${status}\n${text}` }],
      advice:
        status === 401
          ? 'Only a device in local mode takes a target state without a key: localMode in config.json.'
          : 'The answer names the field it doesn’t like.',
    });
  }

  /** @returns what isn't yet as the target state says; undefined when all is. */
  async function difference({ appId, services }: TargetState): Promise<string | undefined> {
    const containers = await supervised(docker);
    const fulfilled = new Set<string>();
    for (const service of services) {
      const found = containers.find((container) => isOf(container, appId, service));
      if (found === undefined) return `${service.name} has no container of this description`;
      if (service.running !== (found.State === 'running')) return `${service.name} is ${found.State}`;
      fulfilled.add(found.Id);
    }
    const left = containers.find(({ Id }) => !fulfilled.has(Id));
    if (left !== undefined) return `${left.Names[0] ?? left.Id} of an earlier state is still there`;
    const { status, json } = await supervisor.request('GET', '/v2/state/status');
    const appState = status === 200 && typeof json === 'object' && json !== null && 'appState' in json ? json.appState : undefined;
    return appState === 'applied' || appState === undefined ? undefined : `the supervisor says ${JSON.stringify(appState)}`;
  }

  async function settle(state: TargetState, awaited: string, budget: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await observed({
        awaited,
        budget,
        interval: lookAgainEvery,
        signal,
        blame: 'product',
        advice: 'The container’s state and last words are in the evidence; the supervisor’s journal is `journalctl -u balena-supervisor`.',
        look: async () => (await difference(state)) ?? { found: undefined },
        evidence: () => accountOf(docker, supervisor, state),
      });
    } catch (error) {
      if (!(error instanceof AwaitedTooLong)) throw error;
      const { blame, evidence, advice } = error;
      throw new ServiceNeverRan(error.message, { blame, evidence, cause: error, ...(advice !== undefined && { advice }) });
    }
  }

  return {
    docker,
    ready,
    async preload({ signal } = {}): Promise<void> {
      await loadServiceImage(docker, await serviceImage(), signal);
    },
    async deploy(spec: AppSpec, { timeout = budgets.deploy, signal } = {}): Promise<App> {
      const image = await loadServiceImage(docker, await serviceImage(), signal);
      const state = targetStateOf(spec, image);
      await post(state.body);
      await settle(state, `app ${spec.name} as described`, timeout, signal);
      const services = Object.fromEntries(Object.keys(spec.services).map((name) => [name, serviceHandle(state.appId, name)]));
      return {
        id: state.appId,
        services,
        service(name): Service {
          const service = services[name];
          if (service === undefined) throw new RangeError(`app ${spec.name} has no service “${name}”: ${Object.keys(services).join(', ')}`);
          return service;
        },
      };
    },
    async clear(): Promise<void> {
      await post(emptyTargetState);
      await settle({ appId: 0, body: emptyTargetState, services: [] }, 'no app on the device', budgets.deploy, undefined);
      await removeAppVolumes(docker);
    },
  };
}

function isOf({ Labels }: Docker.ContainerInfo, appId: number, { name, spec }: ExpectedService): boolean {
  return Labels['io.balena.app-id'] === String(appId) && Labels['io.balena.service-name'] === name && Labels[specLabel] === spec;
}

async function supervised(docker: Docker): Promise<Docker.ContainerInfo[]> {
  try {
    return await docker.listContainers({ all: true, filters: { label: ['io.balena.supervised', 'io.balena.app-id'] } });
  } catch (error) {
    throw engineError('the list of containers', error);
  }
}

/**
 * In local mode the supervisor keeps the volumes of an app that goes (v19.0.5, src/compose/application-manager.ts: keepVolumes).
 * It names them `<appId>_<name>`.
 */
async function removeAppVolumes(docker: Docker): Promise<void> {
  try {
    const { Volumes } = await docker.listVolumes();
    for (const { Name } of Volumes) if (/^\d+_/.test(Name)) await docker.getVolume(Name).remove();
  } catch (error) {
    throw engineError('the removal of the apps’ volumes', error);
  }
}

/** What can be told of services that aren't as they should be: the supervisor's view, and each container's state and last lines. */
async function accountOf(docker: Docker, supervisor: Supervisor, { appId, services }: TargetState): Promise<Evidence[]> {
  const evidence: Evidence[] = [];
  try {
    const { status, text } = await supervisor.request('GET', '/v2/state/status');
    evidence.push({ kind: 'http', text: `GET /v2/state/status\n${status}\n${text}` });
  } catch (error) {
    if (!(error instanceof SupervisorUnreachable)) throw error;
    evidence.push(...error.evidence);
  }
  for (const { name } of services) {
    for (const { Id } of await containersOf(docker, appId, name)) {
      const container = docker.getContainer(Id);
      const { State, RestartCount } = await container.inspect();
      const ended = State.Running ? '' : `, exit code ${State.ExitCode}${State.Error && `, ${State.Error}`}`;
      const lines = await logsOf(docker, container, lastLogLines);
      evidence.push({ kind: 'command', text: `${name}: ${State.Status}${ended}, restarted ${RestartCount} times\n${lines}` });
    }
  }
  return evidence;
}
