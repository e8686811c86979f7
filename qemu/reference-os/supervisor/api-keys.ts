import { randomBytes } from 'node:crypto';
import { SupervisorError } from './errors.ts';
import type { ApiKey, StateStore } from './state-store.ts';

/** 32 hex digits, the form of every key and uuid that v19.0.5 makes. */
export function uniqueKey(): string {
  return randomBytes(16).toString('hex');
}

/** The keys that open the API: one for each service, good for its whole app, and one global key for the cloud. */
export class ApiKeys {
  readonly #store: StateStore;

  constructor(store: StateStore) {
    this.#store = store;
  }

  find(key: string): ApiKey | undefined {
    return key === '' ? undefined : this.#store.state.apiKeys.find((known) => known.key === key);
  }

  /** The key of a service; made at its first use. */
  async forService(appId: number, service: string): Promise<string> {
    return this.#keyOf(appId, service);
  }

  /** The key that opens every app; made at its first use. */
  async global(): Promise<string> {
    return this.#keyOf(0, null);
  }

  /**
   * Replaces a key. The old one is dead at once; a container that holds it keeps the stale value until it is made anew.
   * @throws SupervisorError with an empty message for a key that doesn't exist (facts §6.8)
   */
  async refresh(key: string): Promise<string> {
    const known = this.find(key);
    if (known === undefined) throw new SupervisorError('');
    const fresh = { ...known, key: uniqueKey() };
    await this.#store.update({ apiKeys: this.#store.state.apiKeys.map((other) => (other === known ? fresh : other)) });
    return fresh.key;
  }

  async #keyOf(appId: number, service: string | null): Promise<string> {
    const known = this.#store.state.apiKeys.find((key) => key.appId === appId && key.service === service);
    if (known !== undefined) return known.key;
    const key = uniqueKey();
    await this.#store.update({ apiKeys: [...this.#store.state.apiKeys, { key, appId, service }] });
    return key;
  }
}
