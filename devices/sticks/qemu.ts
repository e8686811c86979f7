import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { QemuError, type Machine } from '../../qemu/index.ts';
import { inOrder } from '../power/in-order.ts';
import type { Load } from '../power/qemu.ts';
import { StickFailed } from './errors.ts';
import { availableFilesystems } from './formats/index.ts';
import { StickImage } from './stick-image.ts';
import type { Stick, StickFilesystem, Sticks, StickSpec } from './sticks.ts';

/**
 * Sticks in a virtual machine's USB port: raw images, plugged and pulled over QMP. One that is in while the power is cut is in at
 * the next power-on, before the first instruction.
 */
export class QemuSticks implements Sticks, Load {
  readonly #directory: string;
  readonly #inOrder = inOrder();
  /** In the order of their insertion, which is the order in which a booting machine is given them. */
  readonly #sticks = new Set<QemuStick>();
  #machine: Machine | undefined;
  #made = 0;

  /** @param directory for the images; made with the first of them. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  async filesystems(): Promise<StickFilesystem[]> {
    return availableFilesystems();
  }

  async create(spec: StickSpec): Promise<Stick> {
    this.#made += 1;
    const id = `stick-${this.#made}`;
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const image = await StickImage.create(join(this.#directory, `${id}.img`), spec);
    const stick = new QemuStick(id, image, {
      insert: () => this.#inOrder(() => this.#insert(stick)),
      pull: () => this.#inOrder(() => this.#pull(stick)),
      discard: () => this.#inOrder(() => this.#discard(stick)),
    });
    this.#sticks.add(stick);
    return stick;
  }

  clear(): Promise<void> {
    return this.#inOrder(async () => {
      for (const stick of this.#sticks) await this.#discard(stick);
    });
  }

  /** Clears, and takes the directory away. */
  async release(): Promise<void> {
    await this.clear();
    await rm(this.#directory, { recursive: true, force: true });
  }

  connect(machine: Machine): Promise<void> {
    return this.#inOrder(async () => {
      this.#machine = machine;
      for (const stick of this.#sticks) if (stick.inserted) await machine.attachUsbDisk(stick.id, stick.image.file);
    });
  }

  disconnect(): Promise<void> {
    return this.#inOrder(async () => {
      this.#machine = undefined;
    });
  }

  async #insert(stick: QemuStick): Promise<void> {
    if (!this.#sticks.has(stick)) throw discarded(stick);
    if (stick.inserted) return;
    await this.#atMachine(stick, 'plugged in', (machine) => machine.attachUsbDisk(stick.id, stick.image.file));
    stick.inserted = true;
    this.#sticks.delete(stick);
    this.#sticks.add(stick);
  }

  async #pull(stick: QemuStick): Promise<void> {
    if (!stick.inserted) return;
    await this.#atMachine(stick, 'pulled', (machine) => machine.detachUsbDisk(stick.id));
    stick.inserted = false;
  }

  /** What a hand does at the port of a machine that runs; at one that is off, or went off meanwhile, there is nothing to do. */
  async #atMachine(stick: QemuStick, done: string, act: (machine: Machine) => Promise<void>): Promise<void> {
    const machine = this.#machine;
    if (machine === undefined) return;
    try {
      await act(machine);
    } catch (cause) {
      if ((await machine.status()) !== 'off') throw failed(stick, done, cause);
    }
  }

  async #discard(stick: QemuStick): Promise<void> {
    if (!this.#sticks.has(stick)) return;
    await this.#pull(stick);
    this.#sticks.delete(stick);
    stick.gone = true;
    await stick.image.remove();
  }
}

class QemuStick implements Stick {
  readonly id: string;
  readonly filesystem: StickFilesystem;
  readonly label: string | undefined;
  readonly uuid: string;
  readonly image: StickImage;
  readonly insert: () => Promise<void>;
  readonly pull: () => Promise<void>;
  readonly discard: () => Promise<void>;
  inserted = false;
  gone = false;

  constructor(id: string, image: StickImage, hand: Pick<Stick, 'insert' | 'pull' | 'discard'>) {
    this.id = id;
    this.image = image;
    this.filesystem = image.filesystem;
    this.label = image.label;
    this.uuid = image.uuid;
    this.insert = hand.insert;
    this.pull = hand.pull;
    this.discard = hand.discard;
  }

  async readFile(path: string): Promise<Uint8Array> {
    if (this.gone) throw discarded(this);
    return this.image.readFile(path);
  }

  async list(): Promise<string[]> {
    if (this.gone) throw discarded(this);
    return this.image.list();
  }
}

function discarded({ id }: Stick): StickFailed {
  return new StickFailed(`${id} was discarded`, { blame: 'test', advice: 'Create another.' });
}

function failed({ id }: Stick, how: string, cause: unknown): StickFailed {
  const seen = cause instanceof Error ? cause.message : String(cause);
  const advice = cause instanceof QemuError ? cause.advice : 'See QEMU’s log in the run directory.';
  return new StickFailed(`${id} could not be ${how}: ${seen}`, { blame: 'infra', advice, cause });
}
