import { rename } from 'node:fs/promises';
import { readIfPresent, writeDurably } from './durable-file.ts';
import { messageOf } from './errors.ts';
import { isRecord, isTruthy, recordOr, stringOr, stringRecord } from './json-values.ts';
import { type TargetApp, parseTargetState, toV3App } from './target-state.ts';
import { log } from './log.ts';

export interface ApiKey {
  key: string;
  /** 0 for the key that opens everything. */
  appId: number;
  service: string | null;
}

/** What outlives the process. */
export interface State {
  /** The device's name: the last target state's. */
  name: string;
  localMode: boolean;
  /** Whether any target state was ever set: until then nothing is applied at start. */
  targetStateSet: boolean;
  /** The target state's config, prefixes taken off. */
  config: Record<string, string>;
  /** Target apps by who set them: `local`, or the endpoint of the cloud. */
  apps: Record<string, TargetApp[]>;
  /** The commit each app last settled on. */
  commits: Record<string, string>;
  apiKeys: ApiKey[];
  /** What each container was made from, by its id: a container whose target differs is made anew. */
  fingerprints: Record<string, string>;
}

const empty: State = {
  // v19.0.5 calls a device so that was never told its name.
  name: 'local',
  localMode: false,
  targetStateSet: false,
  config: {},
  apps: {},
  commits: {},
  apiKeys: [],
  fingerprints: {},
};

/** Keeps the state in one file. A change is on the disk before `update` resolves. */
export class StateStore {
  readonly #path: string;
  #state: State;
  #written: Promise<void> = Promise.resolve();

  private constructor(path: string, state: State) {
    this.#path = path;
    this.#state = state;
  }

  static async open(path: string): Promise<StateStore> {
    const text = await readIfPresent(path);
    if (text === undefined) return new StateStore(path, empty);
    try {
      return new StateStore(path, parseState(text));
    } catch (error) {
      // A device must come up without it: its apps can be deployed again, and the damaged file stays for whoever asks why.
      await rename(path, `${path}.damaged`);
      log('error', `${path} can't be read (${messageOf(error)}); kept as ${path}.damaged, starting from an empty state`);
      return new StateStore(path, empty);
    }
  }

  get state(): State {
    return this.#state;
  }

  /** Changes some of it. Concurrent updates are written in order, each whole. */
  async update(change: Partial<State>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    const snapshot = serialise(this.#state);
    const written = this.#written.then(() => writeDurably(this.#path, snapshot));
    // The next update must be tried even where this one failed; this caller hears of the failure.
    this.#written = written.catch(() => undefined);
    await written;
  }
}

function serialise(state: State): string {
  const apps = Object.fromEntries(
    Object.entries(state.apps).map(([source, list]) => [source, Object.fromEntries(list.map((app) => [app.uuid, toV3App(app)]))]),
  );
  return JSON.stringify({ version: 1, ...state, apps });
}

function parseState(text: string): State {
  const value = recordOr(JSON.parse(text));
  const config = stringRecord(value['config']);
  const apps = Object.entries(recordOr(value['apps'])).map(([source, list]): [string, TargetApp[]] => [
    source,
    parseTargetState({ name: '', config: {}, apps: list }, source).apps,
  ]);
  return {
    name: stringOr(value['name'], empty.name),
    localMode: isTruthy(value['localMode']),
    targetStateSet: isTruthy(value['targetStateSet']),
    config,
    apps: Object.fromEntries(apps),
    commits: stringRecord(value['commits']),
    apiKeys: Array.isArray(value['apiKeys']) ? value['apiKeys'].flatMap((item) => parseKey(item)) : [],
    fingerprints: stringRecord(value['fingerprints']),
  };
}

function parseKey(value: unknown): ApiKey[] {
  if (!isRecord(value) || typeof value['key'] !== 'string' || typeof value['appId'] !== 'number') return [];
  return [{ key: value['key'], appId: value['appId'], service: typeof value['service'] === 'string' ? value['service'] : null }];
}
