import { UnknownSlotLayout } from './errors.ts';
import type { LoaderVariables } from './slots.ts';

/** A boot loader of balenaOS: where it keeps its variables, and how often it tries a new slot. */
export interface Loader {
  readonly name: string;
  /** Files that hold the variables, as paths on the device; the first that exists counts, and its being there tells the loader. */
  readonly files: readonly string[];
  /** Names of files beside that one that hold further variables, should they be there. */
  readonly alongside: readonly string[];
  /** How many boots of a broken new slot it tries before it boots the old one. */
  readonly attemptsBeforeFallback: number;
}

/**
 * GRUB's environment block: lines of name=value, padded with `#` to 1024 bytes.
 * Source for names and places: meta-balena since v2.77.0; genericx86-64 has it under grub/ and under EFI/BOOT/, of which an update
 * deletes the one that isn't used.
 */
export const grub: Loader = {
  name: 'GRUB',
  files: ['/mnt/boot/EFI/BOOT/grubenv', '/mnt/boot/grub/grubenv', '/mnt/boot/grubenv'],
  alongside: [],
  // bootcount goes 0 → 1 → 2, and the old slot boots at 2.
  attemptsBeforeFallback: 1,
};

/**
 * U-Boot's text files: the root part and whether an update is pending in one that only the OS writes, the count in one that U-Boot writes.
 * Source: meta-balena's u-boot integration, env_resin.h: os_bc_file, os_bc_lim.
 */
export const uBoot: Loader = {
  name: 'U-Boot',
  files: ['/mnt/boot/resinOS_uEnv.txt'],
  alongside: ['bootcount.env'],
  // It counts before it boots, and the old slot boots when the count is above 3.
  attemptsBeforeFallback: 3,
};

export const loaders: readonly Loader[] = [grub, uBoot];

/** @param text what its files hold, one after the other */
export function parseVariables({ name }: Loader, text: string): LoaderVariables {
  // U-Boot's `env export -t` ends with a NUL.
  const pairs = [...text.replaceAll('\0', '').matchAll(/^(\w+)=(.*)$/gm)];
  const variables = new Map(pairs.map(([, key = '', value = '']) => [key, value.trim()]));
  const rootPart = Number(variables.get('resin_root_part'));
  if (!Number.isInteger(rootPart) || rootPart < 1) {
    throw new UnknownSlotLayout(`${name} has no resin_root_part among its variables: ${text.replaceAll(/#+/g, '#').trim()}`, {
      blame: 'product',
      evidence: [{ kind: 'file', text }],
    });
  }
  return {
    rootPart,
    upgradeAvailable: variables.get('upgrade_available') === '1',
    // Absent until the first update.
    bootcount: Number(variables.get('bootcount') ?? 0),
  };
}
