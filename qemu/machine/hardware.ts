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
  /** Names of what firmware that QEMU hasn't got takes from the image's first partition: what it starts, and the description of the board that it hands over. */
  bootFiles?: { start: string; deviceTree: string };
  /** What this board has of both, neither more nor less. Default: as many as are asked for. */
  fixed?: { cpus: number; memoryMiB: number };
  /** How software emulation runs its processors. Default: each in a thread of the host's. */
  oneThread?: true;
  /** Which of the serial ports is the console, from 0. */
  consolePort: number;
  /** `sd`: a card, whose size is a power of two. */
  disk: 'virtio' | 'sd';
  /** QEMU's devices in the order of plugging; the network card is on the netdev `network`. */
  devices: readonly string[];
  /** Where USB disks are plugged in. */
  usbBus: string;
  /** Its parts can be saved and restored. */
  savable: boolean;
}

/** Of machines that have PCI. Without its `romfile` the network card has no boot ROM, which a firmware would wait for. */
const onPci = {
  consolePort: 0,
  disk: 'virtio',
  devices: ['virtio-net-pci,netdev=network,romfile=', 'virtio-rng-pci', 'qemu-xhci,id=xhci'],
  usbBus: 'xhci.0',
  savable: true,
} as const;

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
  ...onPci,
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
  ...onPci,
  emulator: 'qemu-system-aarch64',
  board: 'virt',
  memoryBackend: 'mach-virt.ram',
  cpu: 'cortex-a53',
  firmware: { file: '/usr/lib/u-boot/qemu_arm64/u-boot.bin', debianPackage: 'u-boot-qemu' },
};

/** Its 32-bit sibling. Without `highmem=off` its PCI lies above 4 GiB, where Debian's kernel without LPAE and U-Boot don't reach. */
export const armVirt32: Hardware = {
  ...onPci,
  emulator: 'qemu-system-arm',
  board: 'virt,highmem=off',
  memoryBackend: 'mach-virt.ram',
  cpu: 'cortex-a15',
  firmware: { file: '/usr/lib/u-boot/qemu_arm/u-boot.bin', debianPackage: 'u-boot-qemu' },
};

/**
 * A Raspberry Pi 3 B with its SD card, its mini UART as console and an Ethernet adapter on USB, as the real one has. QEMU plays the part of the
 * GPU's firmware only so far that it starts a file. Three of its four cores wait in a loop until the kernel calls them: in threads of their own they would
 * take a host's CPU each meanwhile. usb-net can't be saved.
 */
export const raspberryPi3: Hardware = {
  emulator: 'qemu-system-aarch64',
  board: 'raspi3b',
  memoryBackend: 'ram',
  cpu: 'cortex-a53',
  bootFiles: { start: 'kernel8.img', deviceTree: 'bcm2710-rpi-3-b.dtb' },
  fixed: { cpus: 4, memoryMiB: 1024 },
  oneThread: true,
  consolePort: 1,
  disk: 'sd',
  // The card's address is of the Foundation's: to one that was made up Linux gives a name of its own (usb0).
  devices: ['usb-hub,bus=usb-bus.0,port=1', 'usb-net,netdev=network,mac=b8:27:eb:00:00:01'],
  usbBus: 'usb-bus.0',
  savable: false,
};

/** How large a disk must be to hold an image. */
export function diskBytesFor({ disk }: Hardware, imageBytes: number): number {
  return disk === 'sd' ? 2 ** Math.ceil(Math.log2(imageBytes)) : imageBytes;
}
