/**
 * How long each awaited thing may take, in milliseconds on hardware of our own class (slowness 1): a real board, or a virtual
 * machine with hardware acceleration. One table, so that a budget is judged beside the others; `budgets` scales it.
 */
const atFullSpeed = {
  /** The power switch's word that the power is on, or off: a relay's answer, QEMU's start or its exit. */
  powerOn: 10_000,
  powerOff: 5_000,
  /** Power-on to the first answered SSH command. The reference image: 21.5 s under software emulation on two idle cores. */
  boot: 40_000,
  /** From SSH to an engine and a supervisor that answer, the app container running. */
  services: 30_000,
  /** From asking for an orderly stop to the kernel's last line; systemd gives a stuck service 90 s before it kills it. */
  shutdown: 40_000,
  /** One command in a shell. */
  command: 30_000,
  /** A deployed app whose image is already on the device. */
  deploy: 30_000,
  /** Insertion or removal to the kernel's word of it. */
  stick: 5_000,
  /** A time server that answers to `NTPSynchronized`: 13.4 s seen under emulation, most of it chrony's own polls. */
  timeSync: 30_000,
  /** Writing the inactive slot. */
  slotInstall: 120_000,
  /** A new slot's boot until it is committed or rolled back, with short health timers. */
  slotSettle: 120_000,
} as const;

export type BudgetName = keyof typeof atFullSpeed;
export type Budgets = Readonly<Record<BudgetName, number>>;

/**
 * Software emulation takes about eight times the CPU time of hardware acceleration, but most waits are not all CPU. Five gives a boot
 * 200 s where the reference image needs 28.5 CPU seconds to its first SSH command: room for a host loaded several times over.
 */
export const emulationSlowness = 5;

/** @param slowness how many times slower than hardware the device is; 1 or more. */
export function budgets(slowness: number): Budgets {
  if (!(slowness >= 1)) throw new RangeError(`slowness is a factor of at least 1, got ${slowness}`);
  const scale = (name: BudgetName) => Math.round(atFullSpeed[name] * slowness);
  return {
    powerOn: scale('powerOn'),
    powerOff: scale('powerOff'),
    boot: scale('boot'),
    services: scale('services'),
    shutdown: scale('shutdown'),
    command: scale('command'),
    deploy: scale('deploy'),
    stick: scale('stick'),
    timeSync: scale('timeSync'),
    slotInstall: scale('slotInstall'),
    slotSettle: scale('slotSettle'),
  };
}
