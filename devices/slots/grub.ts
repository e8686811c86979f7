import type { LoaderLayout } from './layout.ts';
import { UnknownSlotLayout } from './errors.ts';

/**
 * GRUB's environment block: lines of name=value, padded with `#` to 1024 bytes.
 * Source for names and places: meta-balena since v2.77.0; genericx86-64 has it under grub/ and under EFI/BOOT/, of which an update
 * deletes the one that isn't used.
 */
export const grub: LoaderLayout = {
  name: 'GRUB',
  files: ['/mnt/boot/EFI/BOOT/grubenv', '/mnt/boot/grub/grubenv', '/mnt/boot/grubenv'],
  // bootcount goes 0 → 1 → 2, and the old slot boots at 2.
  attemptsBeforeFallback: 1,
  parse(text) {
    const variables = new Map([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value.trim()]));
    const rootPart = Number(variables.get('resin_root_part'));
    if (!Number.isInteger(rootPart) || rootPart < 1) {
      throw new UnknownSlotLayout(`grubenv has no resin_root_part: ${text.replaceAll(/#+/g, '#').trim()}`, {
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
  },
};
