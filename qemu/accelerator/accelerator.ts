/** What runs the guest's instructions, and why. */
export interface Accelerator {
  accelerator: 'kvm' | 'tcg';
  /** QEMU arguments that choose it. */
  argv: string[];
  /** One sentence for the log, e.g. “kvm present, hung in probe”. */
  reason: string;
}

/**
 * QEMU arguments for software emulation, in a thread for each vCPU or, where the machine can't take that, in one.
 * 512 MiB of translated code: a boot up to engine and supervisor fills 128 and would have them thrown away and translated anew (44 CPU-s for that and a reboot, 40 with 512).
 * It is emptied at each reset: see ../machine/translated-code.ts.
 */
export const emulation = (threads: 'multi' | 'single'): string[] => ['-accel', `tcg,thread=${threads},tb-size=512`];
