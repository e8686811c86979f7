import type { Accelerator, Architecture, Custody, Firmware } from '../../qemu/index.ts';
import type { Budgets } from '../budgets.ts';
import type { BootTimeline } from '../console/console.ts';
import type { ConsoleStages } from '../console/stages.ts';
import type { Renewal } from '../storage/qemu-disk.ts';
import type { Artifacts, DeviceParts } from '../device.ts';
import type { Wiring } from './wiring.ts';

export interface ProvisionRequest {
  /** At most 12 characters: letters, digits, dot, dash. */
  id: string;
  /** The flash image under test: a raw file, never written. A board that has one on its medium does without. */
  image?: string | undefined;
  /** Where what should outlive the device goes: the console's log, QEMU's own words. It exists. */
  runDirectory: string;
  /** Where what goes with the device goes: overlay, stick images. It is the device's own, and need not exist. */
  stateDirectory: string;
  /** Absent where nothing is tested. */
  artifacts?: Artifacts | undefined;
  /** Where booted devices are kept for others to go on from, and the image's checksum. Default: every fresh device boots. */
  snapshots?: { directory: string; imageSha256: string };
  /** How a board is wired; a virtual machine has no wires. */
  wiring?: Wiring;
  /** Who ends what is started, however this process ends. */
  custody: Custody;
  /** Default: the type's. */
  memoryMiB?: number;
  /** Default: the type's. */
  cpus?: number;
  signal?: AbortSignal;
}

/** A device that is ready to be powered on, as the bench holds it. */
export interface ProvisionedDevice extends DeviceParts {
  readonly budgets: Budgets;
  /** Why the next lease must start from a fresh image; empty while it need not. */
  readonly dirt: readonly string[];
  /** The console's log in the run directory. */
  readonly consoleLog: string;
  /**
   * Makes it as it was flashed: power off, sticks gone, everything written or remembered forgotten. Its next power-on boots it, or restores it where a booted
   * one was kept. Another power-on after that boots.
   * @param options.restore false: it shall boot in any case
   */
  renew(options?: { restore?: boolean }): Promise<Renewal>;
  /** Keeps the device as it is now, for others to be restored from; its power is off afterwards. Absent where there is nothing to keep it in. */
  keep?(options?: { signal?: AbortSignal }): Promise<void>;
  /** Calls `listener` each time a boot reaches a stage, with that boot as it stands. */
  onBootStage(listener: (boot: BootTimeline) => void): void;
  /** Powers off, discards the sticks, closes console and time server, removes the state directory. A second call does nothing. */
  release(): Promise<void>;
}

export interface Platform {
  accelerator: Accelerator['accelerator'] | 'none';
  /** Why it was taken; empty where there is nothing to say. */
  reason: string;
}

/** How the parts make a class of boards. One file of this folder is one type; its default export is this. */
export interface DeviceType {
  /** The slug that balenaOS gives it, and the file's name. */
  readonly name: string;
  /** Of its images, and of the containers that run on it. */
  readonly architecture: Architecture;
  /** The PC's firmware that must find a boot loader on an image; absent where the board has rules of its own. */
  readonly firmware?: Firmware;
  /** Its devices are boards: bench.yaml says how each is wired. */
  readonly wired: boolean;
  readonly bootStages: ConsoleStages;
  /** What runs its instructions here, for a report. Throws where nothing can. */
  platform(options: { signal: AbortSignal }): Promise<Platform>;
  provision(request: ProvisionRequest): Promise<ProvisionedDevice>;
}
