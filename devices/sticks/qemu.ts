import { QemuError, type Machine } from '../../qemu/index.ts';
import { inOrder } from '../power/in-order.ts';
import type { Load } from '../power/qemu.ts';
import { StickFailed } from './errors.ts';
import type { Pluggable, StickPorts } from './ports.ts';

/**
 * A virtual machine's USB port: images are plugged and pulled over QMP. One that is in while the power is cut is in at the next power-on, before
 * the first instruction.
 */
export class QemuPorts implements StickPorts, Load {
  /** What the smallest of QEMU's controllers here has room for. */
  readonly atOnce = 4;
  readonly #inOrder = inOrder();
  /** In the order of their insertion, which is the order in which a booting machine is given them. */
  readonly #plugged = new Set<Pluggable>();
  #machine: Machine | undefined;

  connect(machine: Machine): Promise<void> {
    return this.#inOrder(async () => {
      this.#machine = machine;
      for (const { id, image } of this.#plugged) await machine.attachUsbDisk(id, image.file);
    });
  }

  disconnect(): Promise<void> {
    return this.#inOrder(async () => {
      this.#machine = undefined;
    });
  }

  insert(stick: Pluggable): Promise<void> {
    return this.#inOrder(async () => {
      await this.#atMachine(stick, 'plugged in', (machine) => machine.attachUsbDisk(stick.id, stick.image.file));
      this.#plugged.add(stick);
    });
  }

  pull(stick: Pluggable): Promise<void> {
    return this.#inOrder(async () => {
      await this.#atMachine(stick, 'pulled', (machine) => machine.detachUsbDisk(stick.id));
      this.#plugged.delete(stick);
    });
  }

  /** What a hand does at the port of a machine that runs; at one that is off, or went off meanwhile, there is nothing to do. */
  async #atMachine({ id }: Pluggable, done: string, act: (machine: Machine) => Promise<void>): Promise<void> {
    const machine = this.#machine;
    if (machine === undefined) return;
    try {
      await act(machine);
    } catch (cause) {
      if ((await machine.status()) === 'off') return;
      const seen = cause instanceof Error ? cause.message : String(cause);
      const advice = cause instanceof QemuError ? cause.advice : 'See QEMU’s log in the run directory.';
      throw new StickFailed(`${id} could not be ${done}: ${seen}`, { blame: 'infra', advice, cause });
    }
  }
}
