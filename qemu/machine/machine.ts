import type { Accelerator } from '../accelerator/accelerator.ts';
import type { Custody } from '../custody/custody.ts';
import type { QmpClient } from '../qmp/client.ts';
import type { Hardware } from './hardware.ts';

export interface Forward {
  /** TCP port in the guest. */
  guest: number;
  /** TCP port on 127.0.0.1 of this host; a free one is taken if it isn't given. */
  host?: number;
}

export interface MachineSpec<Name extends string = string> {
  /** Names the machine in errors, in `ps` and its socket's file: letters, digits, dot, dash; at most 12 characters. */
  id: string;
  /** Holds the sockets and records the process. */
  custody: Custody;
  accelerator: Accelerator;
  /** The only disk. Writes go into this file: give an overlay. */
  disk: { file: string; format: 'qcow2' | 'raw' };
  /** TCP ports of the guest to reach from 127.0.0.1, by name. */
  forwards: Record<Name, Forward>;
  /** File that QEMU's own stdout and stderr are appended to, kept as evidence. */
  log: string;
  /** Default 2. */
  cpus?: number;
  /** Default 1024. */
  memoryMiB?: number;
  /**
   * What save() of a machine with the same arguments wrote: its guest goes on where it was. The disk must be as it was at that moment, or the guest's
   * cache and its disk disagree and it corrupts the file system without a word. Default: the machine starts with its firmware.
   */
  memory?: SavedMemory;
  /** What the battery-backed clock says at power-on; it runs with the host's clock from there. Default: the host's time. */
  rtc?: Date;
  /** Default: a PC. */
  hardware?: Hardware;
  /** Copies of its boot files, where the hardware has such. */
  bootFiles?: { start: string; deviceTree: string };
}

/** A guest's memory and devices, in files. */
export type SavedMemory =
  /** One stream, which is read to its end before the guest goes on; `into` is a file that the guest's memory is to be in. */
  | { stream: string; into?: string }
  /** The memory byte for byte, of which only what the guest touches is read and nothing is written; and the devices' stream. */
  | { bytes: string; devices: string };

/** How a machine ended. */
export interface MachineExit {
  code: number | undefined;
  signal: string | undefined;
  /** The last lines that QEMU itself wrote. */
  stderrTail: string;
  /** True if kill() or powerdown() asked for it, or the guest powered itself off. */
  requested: boolean;
  /** What QMP's SHUTDOWN event said, if it came: `guest-shutdown`, `host-signal`, … */
  shutdownReason: string | undefined;
}

export interface UsbDiskOptions {
  /** Default raw. */
  format?: 'raw' | 'qcow2';
  /** Default false. */
  readOnly?: boolean;
  /** Which of the controller's ports, from 1. Default: the one that was free for longest. */
  port?: number;
}

/** A virtual machine that was started, paused before its first instruction, or where the guest that it was restored from was. */
export interface Machine<Name extends string = string> extends AsyncDisposable {
  readonly id: string;
  readonly pid: number;
  /** Path of the PTY that is the guest's first serial port (firmware, loader, kernel, getty). Void once the machine exited. */
  readonly console: string;
  /** Port on 127.0.0.1 of each forward. */
  readonly ports: Readonly<Record<Name, number>>;
  readonly qmp: QmpClient;
  /** Resets since power-on, whoever caused them; those that follow within a second of another are the firmware's own and count as one. */
  readonly resets: number;
  /** Settles once, when QEMU ended; never rejects. */
  readonly exited: Promise<MachineExit>;
  /** Lets the guest run: from its first instruction after start, or from where pause() held it. Open the console before it. */
  run(): Promise<void>;
  pause(): Promise<void>;
  /** Continues after pause(); the same as run(). */
  resume(): Promise<void>;
  /** QMP's run state (`prelaunch`, `running`, `paused`, `io-error`, …), or `off` once it exited. */
  status(): Promise<string>;
  /** A power cut: SIGKILL, no flush, no goodbye. Resolves with the exit; on a machine that is off, with how it ended. */
  kill(): Promise<MachineExit>;
  /** Presses the ACPI power button and awaits the exit. Throws BudgetExceeded if the guest doesn't obey; the machine then still runs. */
  powerdown(options?: { timeout?: number; signal?: AbortSignal }): Promise<MachineExit>;
  /**
   * Pauses the guest for good and writes its memory and devices to a file; its disk is flushed. After that the machine can only be killed. Of a machine whose
   * memory was read into a file, only the devices are written.
   */
  save(file: string, options?: { signal?: AbortSignal }): Promise<void>;
  /** Plugs a removable USB disk in. `file` is held open by QEMU until it is detached. */
  attachUsbDisk(id: string, file: string, options?: UsbDiskOptions): Promise<void>;
  /** Pulls it; resolves once the guest has lost it and the file is closed. */
  detachUsbDisk(id: string): Promise<void>;
  /** Calls `listener` at each reset; returns the way to stop. */
  onReset(listener: (reset: MachineReset) => void): () => void;
}

export interface MachineReset {
  /** True if the guest asked for it (reboot, panic=1, watchdog), false if this host did. */
  guest: boolean;
  /** QEMU's word: `guest-reset`, `host-qmp-system-reset`, … */
  reason: string;
  /** Date.now() at the event. */
  at: number;
}
