/** What runs the guest's instructions, and why. */
export interface Accelerator {
  accelerator: 'kvm' | 'tcg';
  /** QEMU arguments that choose it. */
  argv: string[];
  /** One sentence for the log, e.g. “kvm present, hung in probe”. */
  reason: string;
}
