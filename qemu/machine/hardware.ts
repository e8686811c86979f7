/** What is emulated around that which every machine has: a disk, a network card, a serial port, USB. */
export interface Hardware {
  /** QEMU's system emulator. */
  emulator: string;
  /** QEMU's name for the board, and its options. */
  board: string;
  /** What the board calls its memory: a saved one is found by it. */
  memoryBackend: string;
  /** The processor where software emulates it. */
  cpu: string;
  /** A file with the firmware, and the Debian package that brings it. Default: the board's own. */
  firmware?: { file: string; debianPackage: string };
}

/**
 * What software emulation does better without. 5-level paging costs each translated memory access a further step; `rep movsb` and `rep stosb`, by which kernel
 * and C library copy and clear where erms and fsrm say so, are done byte by byte; smap ends a block of translated code at each of the kernel's looks into a
 * process, and what smep, pku and umip forbid is checked in software. Without xsave the kernel saves less at each switch between
 * processes, and without AVX the C library copies by SSE2, which is translated where AVX calls a function of QEMU's for each instruction (5 to 9 % of a boot).
 * They go together: coreutils' cksum looks for AVX only, and dies of it where the kernel hasn't xsave.
 */
const slowWhenEmulated = 'la57 erms fsrm smap smep pku umip xsave avx avx2 fma f16c vaes vpclmulqdq mpx'.split(' ');

/** A PC that boots by SeaBIOS. Without graphics SeaBIOS, and through it GRUB's BIOS console, appear on the serial port. */
export const pc: Hardware = {
  emulator: 'qemu-system-x86_64',
  board: 'q35,graphics=off',
  memoryBackend: 'pc.ram',
  cpu: ['max', ...slowWhenEmulated.map((flag) => `${flag}=off`)].join(','),
};

/**
 * QEMU's 64-bit ARM board, which boots by U-Boot. The Cortex-A53 is a Raspberry Pi 3's, and has nothing that is dear to
 * emulate: pointer authentication, which `max` has, makes a boot 2.6 times as long.
 */
export const armVirt: Hardware = {
  emulator: 'qemu-system-aarch64',
  board: 'virt',
  memoryBackend: 'mach-virt.ram',
  cpu: 'cortex-a53',
  firmware: { file: '/usr/lib/u-boot/qemu_arm64/u-boot.bin', debianPackage: 'u-boot-qemu' },
};

/** Its 32-bit sibling. Without `highmem=off` its PCI lies above 4 GiB, where Debian's kernel without LPAE and U-Boot don't reach. */
export const armVirt32: Hardware = {
  emulator: 'qemu-system-arm',
  board: 'virt,highmem=off',
  memoryBackend: 'mach-virt.ram',
  cpu: 'cortex-a15',
  firmware: { file: '/usr/lib/u-boot/qemu_arm/u-boot.bin', debianPackage: 'u-boot-qemu' },
};
