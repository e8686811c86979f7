import { readFile } from 'node:fs/promises';
import { FileNotOnStick, StickFailed } from './errors.ts';
import { checkedSpec, onStick } from './stick-image.ts';
import type { Stick, StickFilesystem, Sticks, StickSpec } from './sticks.ts';

/** A stick in memory: what a device writes to it, a test puts into `content`. */
export class FakeStick implements Stick {
  readonly id: string;
  readonly filesystem: StickFilesystem;
  readonly label: string | undefined;
  readonly uuid: string;
  readonly content: Map<string, Uint8Array>;
  readonly #hub: Set<FakeStick>;
  #gone = false;

  constructor(id: string, spec: StickSpec, uuid: string, content: Map<string, Uint8Array>, hub: Set<FakeStick>) {
    this.id = id;
    this.filesystem = spec.filesystem;
    this.label = spec.label;
    this.uuid = uuid;
    this.content = content;
    this.#hub = hub;
  }

  get inserted(): boolean {
    return this.#hub.has(this);
  }

  async insert(): Promise<void> {
    this.#demandThere();
    this.#hub.add(this);
  }

  async pull(): Promise<void> {
    this.#hub.delete(this);
  }

  async readFile(path: string): Promise<Uint8Array> {
    this.#demandReadable();
    const bytes = this.content.get(onStick(path));
    if (bytes === undefined) throw new FileNotOnStick(path, `on it are: ${[...this.content.keys()].join(' ')}`);
    return bytes;
  }

  async list(): Promise<string[]> {
    this.#demandReadable();
    return [...this.content.keys()].sort();
  }

  async discard(): Promise<void> {
    await this.pull();
    this.#gone = true;
  }

  #demandThere(): void {
    if (this.#gone) throw new StickFailed(`${this.id} was discarded`, { blame: 'test', advice: 'Create another.' });
  }

  #demandReadable(): void {
    this.#demandThere();
    if (this.filesystem === 'none') throw new StickFailed('there is no file system on this stick to read from', { blame: 'test' });
  }
}

export class FakeSticks implements Sticks {
  readonly atOnce = 4;
  /** Those in the port, in the order of their insertion. */
  readonly plugged = new Set<FakeStick>();
  readonly #made: FakeStick[] = [];

  async filesystems(): Promise<StickFilesystem[]> {
    return ['vfat', 'ext4', 'none'];
  }

  async create(spec: StickSpec): Promise<FakeStick> {
    const { uuid, sizeMiB } = checkedSpec(spec);
    const content = new Map<string, Uint8Array>();
    for (const [path, bytes] of Object.entries(spec.files ?? {})) content.set(onStick(path), Buffer.from(bytes));
    for (const [path, source] of Object.entries(spec.hostFiles ?? {})) content.set(onStick(path), await readFile(source));
    const bytes = [...content.values()].reduce((sum, { length }) => sum + length, 0);
    if (bytes > sizeMiB * 1024 * 1024)
      throw new StickFailed('No space left on the stick', { blame: 'infra', advice: 'Give it a sizeMiB.' });
    const stick = new FakeStick(`stick-${this.#made.length + 1}`, spec, uuid, content, this.plugged);
    this.#made.push(stick);
    return stick;
  }

  async clear(): Promise<void> {
    for (const stick of this.#made) await stick.discard();
  }
}
