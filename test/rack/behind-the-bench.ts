import { stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { inOrder } from '../../devices/power/in-order.ts';
import { UsbDisks } from '../../qemu/machine/usb-disks.ts';
import type { QmpClient } from '../../qemu/qmp/client.ts';
import { plugDevice, unplugDevice } from '../../qemu/qmp/commands.ts';
import type { Side } from '../../devices/storage/mux.ts';
import type { EmulatedBoard } from '../emulated-board.ts';
import { clean, lossy, noisy } from './uart.ts';

/** What is plugged into the bench guest, as QEMU's devices. The adapters say the same of themselves. */
export const hub = { driver: 'usb-hub', id: 'hub', bus: 'xhci.0', port: '1', 'port-power': true };
export const uart = { driver: 'usb-serial', id: 'uart', bus: 'xhci.0', port: '2', chardev: 'uart', serial: 'RACK0001' };
const twin = { ...uart, id: 'twin', port: '4', chardev: 'nobody', 'always-plugged': true };
/** The hub's port whose power feeds the board. */
export const powerPort = 1;
const cardPort = 3;
/** Of the first stick; the others are beside it. */
const stickPort = 5;
const stickId = (index: number): string => `stick-${index + 1}`;
const lookAgainEvery = 20;
const unplugBudget = 10_000;

/** The wires from the bench guest to the board, as this host plays them: the hub's power, the card multiplexer, the UART. And what may happen to them. */
export class BehindTheBench {
  readonly #board: EmulatedBoard;
  readonly #signal: AbortSignal | undefined;
  readonly #inTurn = inOrder();
  readonly #unswitched: unknown[] = [];
  #usb: UsbDisks | undefined;
  #qmp: QmpClient | undefined;
  #side: Side = 'board';
  readonly #stickSides: Side[];
  /** Before the bench is up, its firmware and kernel switch the hub as they please. */
  #armed = false;
  #powered = false;
  /** The board's power cable is in the hub. */
  #cord = true;
  /** A relay that moves no more. */
  #sticks = false;
  /** A hub whose other ports lose their power with the one that is switched. */
  #dropsNeighbours = false;

  constructor(board: EmulatedBoard, signal?: AbortSignal) {
    this.#board = board;
    this.#stickSides = board.sticks.map(() => 'bench');
    this.#signal = signal;
  }

  /** The guest can be plugged into: it gets the sticks. */
  async reach(qmp: QmpClient): Promise<void> {
    this.#qmp = qmp;
    this.#usb = new UsbDisks(qmp, 'xhci.0');
    for (const [index, stick] of this.#board.sticks.entries()) await this.#plugStick(index, stick);
  }

  /** The hub's port was switched. */
  power(on: boolean): void {
    this.#powered = on;
    if (!this.#armed || this.#sticks) return;
    this.#inTurn(async () => {
      if (this.#dropsNeighbours) await this.#unplug(uart.id);
      await (on && this.#cord ? this.#board.on() : this.#board.off());
      if (this.#dropsNeighbours) await this.#plug(uart);
    }).catch((error: unknown) => this.#unswitched.push(error));
  }

  /** Throws if an order could not be followed. */
  async settle(): Promise<void> {
    await this.#inTurn(async () => undefined);
    if (this.#unswitched.length > 0) throw new AggregateError(this.#unswitched, 'the board could not be switched');
  }

  /** Does what a word says, and tells on which side the card is, or the stick that it names. */
  async does(word: string): Promise<string> {
    const [, number, order] = /^stick(\d)-(side|bench|board)$/.exec(word) ?? [];
    if (number !== undefined) return this.#inTurn(() => this.#stick(Number(number) - 1, order));
    const deed = this.#deeds[word];
    if (deed === undefined) throw new RangeError(`there is no ${word}: ${Object.keys(this.#deeds).join(' ')}`);
    await deed();
    return this.#side;
  }

  readonly #deeds: Record<string, () => unknown> = {
    // What a bench has: the multiplexer's lever, and that it is up.
    side: () => undefined,
    bench: () => this.#inTurn(() => this.#give('bench')),
    board: () => this.#inTurn(() => this.#give('board')),
    armed: () => {
      this.#armed = true;
      this.power(this.#powered);
    },
    'pull-cord': () => this.#plugCord(false),
    'plug-cord': () => this.#plugCord(true),
    // What happens to it.
    'pull-card-when-written': () => this.#pullWhenWritten(),
    'card-is-back': () => {
      this.#side = 'board';
    },
    'pull-hub': () => this.#unplug(hub.id),
    'plug-hub': () => this.#plug(hub),
    'relay-sticks': () => {
      this.#sticks = true;
    },
    'relay-moves': () => {
      this.#sticks = false;
      this.power(this.#powered);
    },
    'hub-drops-neighbours': () => {
      this.#dropsNeighbours = true;
    },
    'hub-spares-neighbours': () => {
      this.#dropsNeighbours = false;
    },
    'pull-uart': () => this.#unplug(uart.id),
    'plug-uart': () => this.#plug(uart),
    'plug-twin': () => this.#plug(twin),
    'pull-twin': () => this.#unplug(twin.id),
    'uart-noisy': () => {
      this.#board.disturbance = noisy();
    },
    'uart-lossy': () => {
      this.#board.disturbance = lossy();
    },
    'uart-clean': () => {
      this.#board.disturbance = clean;
    },
  };

  #plugCord(plugged: boolean): Promise<void> {
    this.#cord = plugged;
    return this.#inTurn(() => (plugged && this.#powered ? this.#board.on() : this.#board.off()));
  }

  async #give(to: 'bench' | 'board'): Promise<void> {
    if (to === this.#side) return;
    if (this.#board.isOn()) throw new Error('the board is on, and its card was pulled');
    if (to === 'bench') await this.#usb?.attach('card', this.#board.card, { port: cardPort });
    else await this.#usb?.detach('card');
    this.#side = to;
  }

  async #stick(index: number, order: string | undefined): Promise<string> {
    const [stick, side] = [this.#board.sticks[index], this.#stickSides[index]];
    if (stick === undefined || side === undefined) throw new RangeError(`there is no stick ${index + 1}`);
    if ((order !== 'bench' && order !== 'board') || order === side) return side;
    if (order === 'board') {
      await this.#usb?.detach(stickId(index));
      await this.#board.putIn(stick);
    } else {
      await this.#board.pull(stick);
      await this.#plugStick(index, stick);
    }
    this.#stickSides[index] = order;
    return order;
  }

  async #plugStick(index: number, file: string): Promise<void> {
    await this.#usb?.attach(stickId(index), file, { port: stickPort + index });
  }

  async #pullWhenWritten(): Promise<void> {
    const { mtimeMs: before } = await stat(this.#board.card);
    const options = this.#signal ? { signal: this.#signal } : {};
    while (this.#side === 'board' || (await stat(this.#board.card)).mtimeMs === before) await pause(lookAgainEvery, undefined, options);
    await this.#usb?.detach('card');
  }

  async #plug(device: { driver: string; id: string }): Promise<void> {
    await this.#qmp?.execute(plugDevice(device));
  }

  /** Resolves once the guest has lost it. */
  async #unplug(id: string): Promise<void> {
    const gone = this.#qmp?.waitFor('DEVICE_DELETED', { where: ({ data }) => data.device === id, timeout: unplugBudget });
    await this.#qmp?.execute(unplugDevice(id));
    await gone;
  }
}
