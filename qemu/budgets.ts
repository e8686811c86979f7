/**
 * How long this room waits for each observable, in milliseconds. Measured on two shared cores under TCG at load 4–14 and
 * taken at least threefold; a caller with a slower host passes its own.
 */
export const budgets = {
  /** A guest that answers under KVM does so in well under a second, BIOS included; one that hangs never does. */
  acceleratorProbe: 3000,
  /** From execve to QMP's greeting: 0.15 s on an idle host, 2–3 s at load 6. */
  qmpGreeting: 20_000,
  /** One QMP command: 1–2 ms on an idle host; the main loop of a loaded TCG host answers within a second. */
  qmpCommand: 10_000,
  /** One instruction under QEMU's stub for debuggers, from connecting to going on: 1–32 ms on a busy host. */
  debuggerStep: 5000,
  /** From SIGKILL to the exit being seen. */
  kill: 5000,
  /** From the ACPI power button to QEMU's exit: a systemd shutdown is 6–20 s under TCG. */
  powerdown: 90_000,
  /** From device_del to DEVICE_DELETED on qemu-xhci: immediate while the guest runs, and it needs no answer of the guest. */
  usbDetach: 10_000,
  /** From `migrate` to its end, 768 MiB of memory into a file: 1 s on an idle host. */
  memorySave: 60_000,
  /** From `migrate-incoming` to its end: 0.5 s on an idle host, 3 s at load 6. */
  memoryRestore: 30_000,
  /** One call of qemu-img on metadata. */
  qemuImg: 30_000,
  /** Copying a file of some hundred KiB out of an image. */
  bootFile: 30_000,
  /** What the owner's children and files get to be gone after the owner ended, however it ended. */
  custodyRelease: 5000,
} as const;
