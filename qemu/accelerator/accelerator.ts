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
 * A larger cache has its price at a warm reboot (up to 2 CPU-s with 512): QEMU 7.2 throws away each block of the last kernel with a sweep over every vCPU's jump cache.
 */
export const emulation = (threads: 'multi' | 'single'): string[] => ['-accel', `tcg,thread=${threads},tb-size=512`];
