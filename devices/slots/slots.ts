import type { RunOptions } from '../shell/shell.ts';

export type Slot = 'A' | 'B';

/** The loader's three variables, as userland reads them from the boot partition. Source: balenaOS grubenv / resinOS_uEnv.txt. */
export interface LoaderVariables {
  /** GPT or msdos index of the root partition to boot: 2 is A, 3 is B. */
  rootPart: number;
  upgradeAvailable: boolean;
  bootcount: number;
}

export const breadcrumbs = ['rollback-health-breadcrumb', 'rollback-altboot-breadcrumb'] as const;
export const rollbackResults = ['rollback-health-triggered', 'rollback-altboot-triggered', 'rollback-health-failed'] as const;

export interface SlotState {
  /** The slot whose root file system is mounted at /. */
  active: Slot;
  loader: LoaderVariables;
  /** Breadcrumb files in /mnt/state: there while an update is pending. */
  breadcrumbs: (typeof breadcrumbs)[number][];
  /** Result files in /mnt/state: what a rollback left. */
  results: (typeof rollbackResults)[number][];
  /** PRETTY_NAME of /etc/os-release of the running OS. */
  osVersion: string;
  /** How many boots of a broken new slot the loader tries before it boots the old one: GRUB 1, U-Boot 3. */
  attemptsBeforeFallback: number;
}

/** How to break the inactive slot. */
export type SlotFault = 'no-init' | 'corrupt-kernel' | 'failing-health';

export interface Slots {
  state(): Promise<SlotState>;
  /** Makes the update file reachable on the device and gives its path there (kept until `discardUpdate`). */
  deliverUpdate(): Promise<string>;
  discardUpdate(): Promise<void>;
  /** Runs hostapp-update with that file: the inactive slot is written and marked for the next boot. Doesn't reboot. */
  install(updatePath: string, options?: RunOptions): Promise<void>;
  /**
   * Writes short health-check timers into the inactive slot (the real ones take about 16 minutes).
   * @param options.checks failed ones until the OS goes back. Default: enough for a sound OS on a busy, emulated device
   */
  shortenHealthTimers(options?: { checks?: number }): Promise<void>;
  damage(fault: SlotFault): Promise<void>;
  /** Resolves once no update is pending and the state is stated; rejects with the last state seen. */
  settled(options: { timeout: number; signal?: AbortSignal }): Promise<SlotState>;
}
