import { setTimeout as pause } from 'node:timers/promises';
import { QemuError, type Machine } from '../../qemu/index.ts';
import { AwaitedTooLong, DeviceError, type Evidence } from '../errors.ts';
import { inOrder } from './in-order.ts';
import type { Power, PowerState } from './power.ts';

/** Something wired to the machine: plugged in while it is paused before its first instruction, told when its power is gone. */
export interface Load {
  connect(machine: Machine): Promise<void>;
  /** Resolves once nothing of that machine is held any more: its PTY closed, its files let go. */
  disconnect(): Promise<void>;
}

export interface QemuPowerOptions<Started extends Machine> {
  id: string;
  /** Starts a machine over the device's kept disk, paused. */
  start(): Promise<Started>;
  /** In the order of their connection. */
  loads: readonly Load[];
  /** Milliseconds from the cut until process and loads are gone. */
  offBudget: number;
}

/** The machine couldn't be switched, or what was switched wasn't seen to follow. */
export class PowerFailed extends DeviceError {
  override readonly name = 'PowerFailed';
}

/**
 * The power switch of a virtual machine. On starts a QEMU over the disk as the last power cut left it; off is SIGKILL: nothing is
 * flushed, nobody is told. QEMU's exit is the witness of off, its run state that of on.
 */
export class QemuPower<Started extends Machine> implements Power {
  readonly #options: QemuPowerOptions<Started>;
  readonly #inOrder = inOrder();
  #machine: Started | undefined;
  /** Settles when the loads of the last machine have let go of it. */
  #released: Promise<void> = Promise.resolve();

  constructor(options: QemuPowerOptions<Started>) {
    this.#options = options;
  }

  /** The machine that runs; undefined while the power is off. */
  get machine(): Started | undefined {
    return this.#machine;
  }

  on(): Promise<void> {
    return this.#inOrder(() => this.#on());
  }

  off(): Promise<void> {
    return this.#inOrder(() => this.#off());
  }

  cycle({ offFor = 0 }: { offFor?: number } = {}): Promise<void> {
    return this.#inOrder(async () => {
      await this.#off();
      await pause(offFor);
      await this.#on();
    });
  }

  async state(): Promise<PowerState> {
    if (this.#machine === undefined) return 'off';
    const status = await this.#machine.status();
    if (status === 'off') return 'off';
    return status === 'running' ? 'on' : 'unknown';
  }

  async #on(): Promise<void> {
    if (this.#machine !== undefined) return;
    // A guest that switched itself off a moment ago may still be letting go of its PTY.
    await this.#released;
    const machine = await this.#options.start().catch((cause: unknown) => {
      throw this.#failed('could not be switched on', cause);
    });
    this.#machine = machine;
    this.#released = this.#whenGone(machine);
    // Whoever awaits it sees a load's failure; until then it isn't an unhandled one.
    this.#released.catch(() => undefined);
    try {
      for (const load of this.#options.loads) await load.connect(machine);
      await machine.run();
      const status = await machine.status();
      if (status !== 'running') throw new QemuError(`its run state is ${status} instead of running`, { advice: 'See QEMU’s log.' });
    } catch (cause) {
      const failure = this.#failed('was switched on and did not run', cause);
      await this.#off();
      throw failure;
    }
  }

  async #off(): Promise<void> {
    await this.#machine?.kill().catch((cause: unknown) => {
      throw this.#failed('could not be switched off', cause);
    });
    const { id, offBudget } = this.#options;
    const deadline = pause(offBudget, 'late' as const, { ref: false });
    if ((await Promise.race([this.#released, deadline])) === 'late') {
      throw new AwaitedTooLong(`${id}'s console and sticks to let go after the power cut`, offBudget, 'QEMU ended, a load still holds on', {
        blame: 'harness',
        advice: 'Release the device and provision it anew.',
      });
    }
  }

  /** Ends once this machine is gone, however it ended, and its loads have let go. */
  async #whenGone(machine: Started): Promise<void> {
    await machine.exited;
    try {
      await Promise.all(this.#options.loads.map((load) => load.disconnect()));
    } finally {
      if (this.#machine === machine) this.#machine = undefined;
    }
  }

  #failed(what: string, cause: unknown): PowerFailed {
    const seen = cause instanceof Error ? cause.message : String(cause);
    const evidence: Evidence[] = cause instanceof QemuError ? cause.evidence.map((text) => ({ kind: 'command', text })) : [];
    const advice = cause instanceof QemuError ? cause.advice : 'See QEMU’s log in the run directory.';
    return new PowerFailed(`${this.#options.id} ${what}: ${seen}`, { blame: 'infra', evidence, advice, cause });
  }
}
