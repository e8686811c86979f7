import type { Engine } from './engine.ts';
import type { AppPlan } from './plan.ts';
import { type ServiceSpec, containerName, createBody } from './service-spec.ts';
import type { StateStore } from './state-store.ts';

/** Carries out what a plan says, one step at a time, and remembers what each container was made from. */
export class AppChanges {
  readonly #engine: Engine;
  readonly #store: StateStore;
  /** What is happening to a container right now, by its id: what the API shows in place of the engine's state. */
  readonly transitions = new Map<string, string>();

  constructor(engine: Engine, store: StateStore) {
    this.#engine = engine;
    this.#store = store;
  }

  async run(plan: AppPlan): Promise<void> {
    await Promise.all(plan.remove.map((service) => this.kill(service.containerId)));
    for (const network of plan.removeNetworks) await this.#engine.removeNetwork(network);
    for (const network of plan.createNetworks) await this.#engine.createNetwork(network);
    for (const volume of plan.createVolumes) await this.#engine.createVolume(volume);
    for (const { current, target } of plan.rename) await this.#engine.renameContainer(current.containerId, containerName(target));
    for (const service of plan.install) await this.createAndStart(service);
    for (const service of plan.start) await this.start(service.containerId);
    await Promise.all(plan.stop.map((service) => this.stop(service.containerId)));
  }

  /** Stops a container and removes it with its layer. */
  async kill(containerId: string): Promise<void> {
    await this.#during(containerId, 'Stopping', async () => {
      await this.#engine.stopContainer(containerId);
      await this.#engine.removeContainer(containerId);
    });
    const { [containerId]: _gone, ...fingerprints } = this.#store.state.fingerprints;
    await this.#store.update({ fingerprints });
  }

  async stop(containerId: string): Promise<void> {
    await this.#during(containerId, 'Stopping', () => this.#engine.stopContainer(containerId));
  }

  async start(containerId: string): Promise<void> {
    await this.#during(containerId, 'Starting', () => this.#engine.startContainer(containerId));
  }

  /** The fingerprint is kept before the start: a power cut in between leaves a created container that is known, or one that is made anew. */
  async createAndStart(service: ServiceSpec): Promise<void> {
    const containerId = await this.#engine.createContainer(containerName(service), createBody(service, this.#store.state.name));
    for (const network of service.furtherNetworks) await this.#engine.connectNetwork(network, containerId);
    await this.#store.update({ fingerprints: { ...this.#store.state.fingerprints, [containerId]: service.fingerprint } });
    if (service.running) await this.start(containerId);
  }

  async #during(containerId: string, status: string, operation: () => Promise<void>): Promise<void> {
    this.transitions.set(containerId, status);
    try {
      await operation();
    } finally {
      this.transitions.delete(containerId);
    }
  }
}
