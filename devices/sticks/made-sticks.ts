import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inOrder } from '../power/in-order.ts';
import { StickFailed } from './errors.ts';
import { availableFilesystems } from './formats/index.ts';
import type { StickPorts } from './ports.ts';
import { StickImage } from './stick-image.ts';
import type { Stick, StickFilesystem, Sticks, StickSpec } from './sticks.ts';

/** Sticks that the bench makes as images in a directory of its own, and puts into a device's ports. */
export class MadeSticks implements Sticks {
  readonly #directory: string;
  readonly #ports: StickPorts;
  readonly #inOrder = inOrder();
  readonly #sticks = new Set<MadeStick>();
  #made = 0;

  /** @param directory for the images; made with the first of them. */
  constructor(directory: string, ports: StickPorts) {
    this.#directory = directory;
    this.#ports = ports;
  }

  get atOnce(): number {
    return this.#ports.atOnce;
  }

  async filesystems(): Promise<StickFilesystem[]> {
    return availableFilesystems();
  }

  async create(spec: StickSpec): Promise<Stick> {
    this.#made += 1;
    const id = `stick-${this.#made}`;
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const image = await StickImage.create(join(this.#directory, `${id}.img`), spec);
    const stick: MadeStick = new MadeStick(id, image, {
      insert: () => this.#inOrder(() => this.#insert(stick)),
      pull: () => this.#inOrder(() => this.#pull(stick)),
      read: (what) => this.#inOrder(() => this.#read(stick, what)),
      discard: () => this.#inOrder(() => this.#discard(stick)),
    });
    this.#sticks.add(stick);
    await this.#inOrder(async () => this.#ports.prepare?.(stick));
    return stick;
  }

  clear(): Promise<void> {
    return this.#inOrder(async () => {
      for (const stick of this.#sticks) await this.#discard(stick);
      await this.#ports.empty?.();
    });
  }

  /** Clears, and takes the directory away. */
  async release(): Promise<void> {
    await this.clear();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #insert(stick: MadeStick): Promise<void> {
    this.#demand(stick);
    if (stick.inserted) return;
    await this.#ports.insert(stick);
    stick.inserted = true;
  }

  async #pull(stick: MadeStick): Promise<void> {
    if (!stick.inserted) return;
    await this.#ports.pull(stick);
    stick.inserted = false;
  }

  async #read<T>(stick: MadeStick, what: (image: StickImage) => Promise<T>): Promise<T> {
    this.#demand(stick);
    await this.#ports.fetch?.(stick);
    return what(stick.image);
  }

  async #discard(stick: MadeStick): Promise<void> {
    if (!this.#sticks.has(stick)) return;
    await this.#pull(stick);
    this.#ports.forget?.(stick);
    this.#sticks.delete(stick);
    await stick.image.remove();
  }

  #demand(stick: MadeStick): void {
    if (this.#sticks.has(stick)) return;
    throw new StickFailed(`${stick.id} was discarded`, { blame: 'test', advice: 'Create another.' });
  }
}

interface Hand extends Pick<Stick, 'insert' | 'pull' | 'discard'> {
  read: <T>(what: (image: StickImage) => Promise<T>) => Promise<T>;
}

class MadeStick implements Stick {
  readonly id: string;
  readonly filesystem: StickFilesystem;
  readonly label: string | undefined;
  readonly uuid: string;
  readonly image: StickImage;
  readonly insert: () => Promise<void>;
  readonly pull: () => Promise<void>;
  readonly discard: () => Promise<void>;
  readonly #read: Hand['read'];
  inserted = false;

  constructor(id: string, image: StickImage, hand: Hand) {
    this.id = id;
    this.image = image;
    this.filesystem = image.filesystem;
    this.label = image.label;
    this.uuid = image.uuid;
    this.insert = hand.insert;
    this.pull = hand.pull;
    this.discard = hand.discard;
    this.#read = hand.read;
  }

  readFile(path: string): Promise<Uint8Array> {
    return this.#read((image) => image.readFile(path));
  }

  list(): Promise<string[]> {
    return this.#read((image) => image.list());
  }
}
