import { budgets } from '../budgets.ts';
import type { Custody } from '../custody/custody.ts';
import type { QmpClient } from '../qmp/client.ts';
import { pause, pressPowerButton, queryStatus, resume } from '../qmp/commands.ts';
import { QmpClosed } from '../qmp/errors.ts';
import { within } from '../within.ts';
import { MachineOff } from './errors.ts';
import type { Machine, MachineExit, MachineReset, UsbDiskOptions } from './machine.ts';
import { saveMemory, type Streamed } from './memory.ts';
import type { QemuOutput } from './output.ts';
import type { QemuProcess } from './qemu-process.ts';
import type { TranslatedCode } from './translated-code.ts';
import { UsbDisks } from './usb-disks.ts';

export interface VirtualMachineParts<Name extends string> {
  id: string;
  process: QemuProcess;
  qmp: QmpClient;
  console: string;
  ports: Record<Name, number>;
  output: QemuOutput;
  custody: Custody;
  /** Where USB disks are plugged in. */
  usbBus: string;
  /** What save() writes. */
  streamed: Streamed;
  /** What an emulating QEMU has of the guest. */
  translatedCode: TranslatedCode | undefined;
}

/**
 * SeaBIOS, entered by a reset that left its memory intact, resets the machine once or twice more before it starts afresh
 * (`handle_post`: HaveRunPost, then `tryReboot`): three RESET events in 57 ms on an idle host. No guest boots in a second.
 */
const resetEchoMs = 1000;

export class VirtualMachine<Name extends string> implements Machine<Name> {
  readonly id: string;
  readonly pid: number;
  readonly console: string;
  readonly ports: Readonly<Record<Name, number>>;
  readonly qmp: QmpClient;
  readonly exited: Promise<MachineExit>;
  readonly #process: QemuProcess;
  readonly #output: QemuOutput;
  readonly #usbDisks: UsbDisks;
  readonly #streamed: Streamed;
  readonly #translatedCode: TranslatedCode | undefined;
  readonly #resetListeners = new Set<(reset: MachineReset) => void>();
  #resets = 0;
  #lastResetAt = -Infinity;
  #requested = false;
  #shutdownReason: string | undefined;
  #exit: MachineExit | undefined;

  constructor(parts: VirtualMachineParts<Name>) {
    this.id = parts.id;
    this.pid = parts.process.pid;
    this.console = parts.console;
    this.ports = parts.ports;
    this.qmp = parts.qmp;
    this.#process = parts.process;
    this.#output = parts.output;
    this.#usbDisks = new UsbDisks(parts.qmp, parts.usbBus);
    this.#streamed = parts.streamed;
    this.#translatedCode = parts.translatedCode;
    const eventsRead = this.#readEvents();
    this.exited = this.#awaitExit(eventsRead, parts.custody);
  }

  get resets(): number {
    return this.#resets;
  }

  async run(): Promise<void> {
    this.#demandOn('run');
    await this.qmp.execute(resume());
  }

  resume(): Promise<void> {
    return this.run();
  }

  async pause(): Promise<void> {
    this.#demandOn('pause');
    await this.#translatedCode?.settle();
    await this.qmp.execute(pause());
  }

  async status(): Promise<string> {
    if (this.#exit !== undefined) return 'off';
    await this.#translatedCode?.idle;
    try {
      const { status } = await this.qmp.execute(queryStatus());
      if (status !== 'shutdown') return status;
    } catch (error) {
      if (!(error instanceof QmpClosed)) throw error;
    }
    // A QEMU that ends.
    await this.#end('it closed its monitor or said that it shuts down');
    return 'off';
  }

  async kill(): Promise<MachineExit> {
    if (this.#exit === undefined) {
      this.#requested = true;
      this.#process.kill();
    }
    return this.#end('SIGKILL');
  }

  async powerdown(options: { timeout?: number; signal?: AbortSignal } = {}): Promise<MachineExit> {
    this.#demandOn('powerdown');
    const resetsBefore = this.#resets;
    await this.qmp.execute(pressPowerButton());
    return within(this.exited, {
      awaited: `${this.id} to shut down after its power button was pressed`,
      milliseconds: options.timeout ?? budgets.powerdown,
      seen: () => (this.#resets > resetsBefore ? 'a reset' : 'a machine that still runs'),
      advice:
        "Look at the guest's console: does it run an ACPI listener (systemd-logind, acpid), or hang in a unit's stop? kill() cuts its power.",
      signal: options.signal,
    });
  }

  async save(file: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.#demandOn('save');
    await this.#translatedCode?.settle();
    await this.qmp.execute(pause());
    await saveMemory(this.qmp, file, this.#streamed, signal);
  }

  async attachUsbDisk(id: string, file: string, options: UsbDiskOptions = {}): Promise<void> {
    this.#demandOn('attachUsbDisk');
    await this.#usbDisks.attach(id, file, options);
  }

  async detachUsbDisk(id: string): Promise<void> {
    this.#demandOn('detachUsbDisk');
    await this.#usbDisks.detach(id);
  }

  onReset(listener: (reset: MachineReset) => void): () => void {
    this.#resetListeners.add(listener);
    return () => this.#resetListeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #end(after: string): Promise<MachineExit> {
    return within(this.exited, {
      awaited: `the end of ${this.id} (QEMU, pid ${this.pid}) after ${after}`,
      milliseconds: budgets.kill,
      seen: () => 'a process that is still there',
      advice: 'It may be in uninterruptible sleep on storage: look at its state in /proc.',
    });
  }

  async #readEvents(): Promise<void> {
    for await (const event of this.qmp.events()) {
      if (event.name === 'SHUTDOWN') this.#shutdownReason = event.data.reason;
      if (event.name === 'RESET') this.#countReset({ ...event.data, at: event.at });
    }
  }

  #countReset(reset: MachineReset): void {
    this.#translatedCode?.outdate();
    const isEcho = reset.at - this.#lastResetAt < resetEchoMs;
    this.#lastResetAt = reset.at;
    if (isEcho) return;
    this.#resets += 1;
    for (const listener of this.#resetListeners) listener(reset);
  }

  async #awaitExit(eventsRead: Promise<void>, custody: Custody): Promise<MachineExit> {
    const { code, signal } = await this.#process.ended;
    // The monitor's last words may still be on their way when the process is already gone.
    await eventsRead;
    await this.#translatedCode?.settle();
    custody.disown(this.pid);
    this.#exit = {
      code,
      signal,
      stderrTail: this.#output.tail(),
      requested: this.#requested || this.#shutdownReason === 'guest-shutdown',
      shutdownReason: this.#shutdownReason,
    };
    return this.#exit;
  }

  #demandOn(asked: string): void {
    if (this.#exit === undefined) return;
    throw new MachineOff(`${this.id} is off (${describeExit(this.#exit)}) and was asked to ${asked}`, {
      advice: 'Start it again.',
      evidence: [this.#exit.stderrTail],
    });
  }
}

/** “exit code 0 after guest-shutdown”, “SIGKILL”. */
export function describeExit(exit: Pick<MachineExit, 'code' | 'signal'> & Partial<MachineExit>): string {
  const how = exit.signal ?? `exit code ${exit.code}`;
  return exit.shutdownReason === undefined ? how : `${how} after ${exit.shutdownReason}`;
}
