import type { Clock } from './clock/clock.ts';
import type { BootStageName, Console } from './console/console.ts';
import type { Engine } from './engine/engine.ts';
import type { Power } from './power/power.ts';
import type { Shell } from './shell/shell.ts';
import type { Slots } from './slots/slots.ts';
import type { Sticks } from './sticks/sticks.ts';
import type { Supervisor } from './supervisor/supervisor.ts';

/** A TCP address as this host reaches it. */
export interface Endpoint {
  host: string;
  port: number;
}

/** Where a device's network services are reached from this host. */
export interface Endpoints {
  ssh: Endpoint;
  engine: Endpoint;
  supervisor: Endpoint;
}

/** Optional parts: a test says which it needs, a device without one gives a skip with the reason. */
export type Capability = 'sticks' | 'two-sticks' | 'slots' | 'clock';

/** What the bench owns of a device: the driver's own objects. */
export interface DeviceParts {
  readonly id: string;
  readonly type: string;
  readonly console: Console;
  readonly power: Power;
  readonly sticks?: Sticks;
  readonly clock?: Clock;
  /** Valid while the power is on; a virtual machine may get other ports at its next power-on. */
  endpoints(): Promise<Endpoints>;
  /** Files on the bench that belong to the image under test: the hostapp file for updates, the service image's tar. */
  artifacts(): Promise<Artifacts>;
  /** The next lease must start from a fresh image: what a test did can't be undone. */
  markDirty(reason: string): Promise<void>;
  /** What `remember` kept under this key for this run and device; undefined where nothing was. Outlives a suite's process. */
  recall(key: string): Promise<unknown>;
  /** Keeps a JSON value with the bench until the run ends, or the device is made fresh. */
  remember(key: string, value: unknown): Promise<void>;
}

/** What a suite is about to do. */
export interface Work {
  /** Its file. */
  suite: string;
  /** The attempt of a test: unique in the run. */
  test: string;
}

/** A device's parts as the bench serves them on its socket. The same interface on both sides: `devices/remote` clients in a suite. */
export interface BenchParts extends DeviceParts {
  /**
   * Says what comes next. The bench makes the device fresh first where that is due: by the run's choice (a suite or a test each), or because a suite that went
   * before left it dirty. Resolves with a number that grows with each fresh device: what was deployed and remembered before is gone.
   */
  begin(work: Work): Promise<number>;
}

export interface Artifacts {
  /** A docker-importable tar of the container image that suites deploy. */
  serviceImage: string;
  /** A file for `hostapp-update -f`, of another version than the one under test. */
  update?: string;
}

/**
 * How to reboot. `dbus`: systemd's Manager.Reboot from the host; `supervisor`: POST /v1/reboot; `power-cycle`: a cut and power again;
 * a function: whatever it does must end in exactly one reboot.
 */
export type Reboot = 'dbus' | 'supervisor' | 'power-cycle' | (() => Promise<void>);

/** One life of the kernel. */
export interface Boot {
  /** /proc/sys/kernel/random/boot_id of the new kernel, and of the one before. */
  id: string;
  previousId: string | undefined;
  /** Seconds each stage took, in order. */
  stages: { name: BootStageName; seconds: number }[];
  /** Seconds from the request to the first answered command. */
  totalSeconds: number;
  /** Seconds from the request until engine and supervisor answered too; undefined where nobody waited for them. */
  readySeconds?: number;
  /** Byte range of this boot in the console log. */
  console: { from: number; to: number };
}

export interface Device {
  readonly id: string;
  readonly type: string;
  readonly capabilities: ReadonlySet<Capability>;
  readonly console: Console;
  readonly power: Power;
  readonly host: Shell;
  readonly engine: Engine;
  readonly supervisor: Supervisor;
  readonly sticks?: Sticks;
  readonly slots?: Slots;
  readonly clock?: Clock;
  /** The kernel's boot_id now, over SSH. */
  bootId(): Promise<string>;
  /** Resolves once a *different* boot_id answers; says how long each stage took. */
  reboot(how: Reboot, options?: { timeout?: number; signal?: AbortSignal }): Promise<Boot>;
  /** Runs `during` and fails if the boot_id or the console tells of a reboot within `watch` milliseconds after it (default 5,000). */
  expectNoReboot(during: () => Promise<void>, options?: { watch?: number }): Promise<void>;
  /** Power on if it is off, then waits for SSH, the engine and the supervisor. */
  ready(options?: { timeout?: number; signal?: AbortSignal }): Promise<Boot>;
  artifacts(): Promise<Artifacts>;
  markDirty(reason: string): Promise<void>;
  recall(key: string): Promise<unknown>;
  remember(key: string, value: unknown): Promise<void>;
  /** Closes this side's connections; the device goes on. */
  close(): Promise<void>;
}
