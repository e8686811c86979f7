import type { Device } from './device.ts';
import { isTruthy } from './json-values.ts';
import type { StateStore } from './state-store.ts';
import type { TargetApp, TargetState } from './target-state.ts';
import { log } from './log.ts';

/** The source of target apps that were posted to the device itself. */
const LOCAL = 'local';

/** Config variables may come with either prefix or none; OVERRIDE_LOCK is the old name of SUPERVISOR_OVERRIDE_LOCK. */
export function plainConfig(config: Record<string, string>): Record<string, string> {
  const stripped = (prefix: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(config)
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, value]) => [name.slice(prefix.length), value]),
    );
  const unprefixed = Object.fromEntries(Object.entries(config).filter(([name]) => !/^(BALENA|RESIN)_/.test(name)));
  const plain = { ...unprefixed, ...stripped('RESIN_'), ...stripped('BALENA_') };
  return plain['OVERRIDE_LOCK'] === undefined ? plain : { SUPERVISOR_OVERRIDE_LOCK: plain['OVERRIDE_LOCK'], ...plain };
}

/**
 * What shall run, and the mode that decides who may say so (v19.0.5):
 * - unmanaged (no apiEndpoint in config.json): local mode from each start on; target states are taken, keys don't count;
 * - managed in local mode: the same;
 * - managed out of local mode: keys count, local target states are refused. A managed device leaves local mode at its first apply unless the
 *   config of its target has SUPERVISOR_LOCAL_MODE, and its local apps go; what it runs comes from its cloud or from apps.json.
 */
export class TargetStore {
  readonly #store: StateStore;
  readonly #device: Device;

  constructor(store: StateStore, device: Device) {
    this.#store = store;
    this.#device = device;
  }

  /** An unmanaged device enters local mode at each start. */
  async start(): Promise<void> {
    if (this.#device.unmanaged && !this.localMode) await this.#store.update({ localMode: true });
  }

  get name(): string {
    return this.#store.state.name;
  }

  get localMode(): boolean {
    return this.#store.state.localMode;
  }

  /** Whether a caller must present a key. */
  get keysCount(): boolean {
    return !this.#device.unmanaged && !this.localMode;
  }

  /** `SUPERVISOR_OVERRIDE_LOCK` in the target state's config: every lock is removed as with `force`. */
  get lockOverride(): boolean {
    return isTruthy(this.#store.state.config['SUPERVISOR_OVERRIDE_LOCK']);
  }

  /** The config in force: what the target state says, over the defaults that this supervisor acts on. */
  get config(): Record<string, string> {
    return {
      SUPERVISOR_INSTANT_UPDATE_TRIGGER: 'true',
      SUPERVISOR_LOCAL_MODE: this.#device.unmanaged ? 'true' : 'false',
      SUPERVISOR_OVERRIDE_LOCK: 'false',
      ...this.#store.state.config,
    };
  }

  get apps(): TargetApp[] {
    return this.#store.state.apps[this.localMode ? LOCAL : this.#device.apiEndpoint] ?? [];
  }

  app(appId: number): TargetApp | undefined {
    return this.apps.find((app) => app.id === appId);
  }

  /** Keeps a new target. `local`: it was posted to the device; else it is the cloud's, or a preloaded one. */
  async set(target: TargetState, local: boolean): Promise<void> {
    const source = local || this.#device.unmanaged ? LOCAL : this.#device.apiEndpoint;
    await this.#store.update({
      name: target.name,
      config: plainConfig(target.config),
      apps: { ...this.#store.state.apps, [source]: target.apps },
      targetStateSet: true,
    });
  }

  /**
   * Brings the mode in line with the config. A device that leaves local mode forgets the local target, so that its apps go (v19.0.5): a
   * managed one leaves it unless its config says SUPERVISOR_LOCAL_MODE.
   */
  async applyMode(): Promise<void> {
    const wanted = isTruthy(this.config['SUPERVISOR_LOCAL_MODE']);
    if (wanted === this.localMode) return;
    log('info', `${wanted ? 'entering' : 'leaving'} local mode`);
    const { [LOCAL]: _forgotten, ...others } = this.#store.state.apps;
    await this.#store.update({ localMode: wanted, apps: wanted ? this.#store.state.apps : others });
  }
}
