import type { BootStageName } from './console.ts';

/** The console line by which each stage of a boot is first seen. A type gives its own; `restored` and `ssh` aren't told by the console. */
export type ConsoleStages = Readonly<Partial<Record<BootStageName, RegExp>>>;

/** In the order of a boot. */
export const stageOrder = ['restored', 'firmware', 'loader', 'kernel', 'init', 'login', 'ssh'] as const satisfies readonly BootStageName[];

/** What PCs, boards with U-Boot and a systemd of any distribution say. */
export const commonStages: ConsoleStages = {
  // SeaBIOS src/bootsplash.c; U-Boot common/spl/spl.c; Arm Trusted Firmware; the Raspberry Pi's boot ROM and EEPROM loader with uart_2ndstage=1.
  firmware: /SeaBIOS \(version|U-Boot SPL 20\d\d\.\d\d|NOTICE: {2}BL\d|^MESS:\d|^RPi: BOOTLOADER|^BdsDxe: /,
  // GRUB boot/i386/pc/boot.S and kern/main.c; U-Boot lib/display_options.c.
  loader: /GRUB loading|Welcome to GRUB!|U-Boot 20\d\d\.\d\d/,
  // init/version.c, linux_banner.
  kernel: /Linux version \d+\.\d+|^Starting kernel \.\.\.|^\[ {4}0\.000000\] /,
  // systemd src/core/main.c: "systemd 252 running in system mode", "Welcome to …!"; BusyBox init.
  init: /systemd\[1\]: |^Welcome to .+!|init started: BusyBox/,
  // agetty's and busybox getty's prompt, a kernel line behind it or not; login's "Last login: …" isn't one.
  login: /(?<!Last )\blogin: ?(?:$|\[ *\d+\.\d+\])/,
};
