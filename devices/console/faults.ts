import type { ConsoleFault } from './console.ts';

export type TroubleKind = Exclude<ConsoleFault['kind'], 'unexpected-reset'>;

interface TroublePattern {
  kind: TroubleKind;
  pattern: RegExp;
  /** Also said in every orderly shutdown, where it means nothing. */
  usualAtShutdown?: true;
}

/** A kernel line's own start: of the line, or after `[   12.345678] ` and a caller's id. */
const start = String.raw`(?:^|\] |: )`;

/**
 * What a kernel says of itself when something broke, the first that matches. Each with the place in Linux 6.12 that prints it. A
 * `WARNING:` isn't one of them: it is the kernel's word for “look at this”, and vendor kernels print it on a good day.
 */
const troubles: readonly TroublePattern[] = [
  // kernel/panic.c, panic(): "Kernel panic - not syncing: %s"; its second line, "---[ end Kernel panic", is the same panic.
  { kind: 'panic', pattern: /(?<!---\[ end )Kernel panic - not syncing/ },
  // kernel/watchdog.c, watchdog_timer_fn(): "watchdog: BUG: soft lockup - CPU#%d stuck for %us!"
  { kind: 'watchdog', pattern: /BUG: soft lockup - CPU#\d+/ },
  // kernel/watchdog.c, watchdog_hardlockup_check(): "CPU%u: Watchdog detected hard LOCKUP on cpu %u"; "Watchdog detected hard LOCKUP" before 6.5.
  { kind: 'watchdog', pattern: /Watchdog detected hard LOCKUP/ },
  // kernel/rcu/tree_stall.h: "rcu: INFO: %s self-detected stall on CPU", "… detected stalls on CPUs/tasks".
  { kind: 'watchdog', pattern: /INFO: rcu\S* (?:self-detected stall|detected (?:expedited )?stalls)/ },
  // kernel/hung_task.c, check_hung_task(): "INFO: task %s:%d blocked for more than %ld seconds."
  { kind: 'watchdog', pattern: /INFO: task .+:\d+ blocked for more than \d+ seconds/ },
  // kernel/workqueue.c, wq_watchdog_timer_fn(): "BUG: workqueue lockup - pool".
  { kind: 'watchdog', pattern: /BUG: workqueue lockup/ },
  // drivers/watchdog/watchdog_dev.c: "watchdog%d: watchdog did not stop!", when its keeper lets go of it without saying so: a reset follows.
  { kind: 'watchdog', pattern: /watchdog\d*: watchdog did not stop!/, usualAtShutdown: true },
  // arch/x86/kernel/dumpstack.c: "Oops: general protection fault, …: %04lx [#%d]"; arch/arm{,64}: "Internal error: Oops: …", "Oops - BUG".
  { kind: 'oops', pattern: /\bOops(?:: | - )/ },
  // arch/x86/mm/fault.c: "BUG: kernel NULL pointer dereference", "BUG: unable to handle page fault"; KASAN, "scheduling while atomic", …
  { kind: 'oops', pattern: new RegExp(`${start}BUG: `) },
  // lib/bug.c, report_bug(): "kernel BUG at %s:%u!"
  { kind: 'oops', pattern: /kernel BUG at \S+:\d+!/ },
  // arch/arm64/mm/fault.c, die_kernel_fault(): "Unable to handle kernel %s at virtual address"; arch/arm likewise.
  { kind: 'oops', pattern: /Unable to handle kernel / },
  // arch/x86/kernel/traps.c until 6.10: "general protection fault, probably for …: 0000 [#1]". A process's own, "traps: name[pid] general protection fault ip:…", isn't the kernel's.
  { kind: 'oops', pattern: /general protection fault(?:, probably|: \d+ \[#\d)/ },
  // drivers/firmware/raspberrypi.c until 4.x: "Under-voltage detected! (0x%08x)"; drivers/hwmon/raspberrypi-hwmon.c: "Undervoltage detected!".
  { kind: 'brown-out', pattern: /Under-?voltage detected!/i },
];

/** Any line with trouble has one of these words: most lines are dismissed with one look. */
const suspicious = /panic|BUG|LOCKUP|stall|blocked for|did not stop|Oops|Unable to handle|general protection|voltage/i;

/** What kind of trouble a kernel's line tells of; undefined for an ordinary line. */
export function troubleIn(line: string, { shuttingDown }: { shuttingDown: boolean }): TroubleKind | undefined {
  if (!suspicious.test(line)) return undefined;
  return troubles.find(({ pattern, usualAtShutdown }) => !(usualAtShutdown && shuttingDown) && pattern.test(line))?.kind;
}
