import { ReferenceImageError } from '../errors.ts';
import type { Board } from './board.ts';
import { qemuarm } from './qemuarm.ts';
import { qemuarm64 } from './qemuarm64.ts';
import { qemux86 } from './qemux86-64.ts';
import { raspberryPi3Qemu } from './raspberrypi3-qemu.ts';

export type { Board } from './board.ts';

const boards: readonly Board[] = [qemux86, qemuarm64, qemuarm, raspberryPi3Qemu];

/** The board of a device type. Throws ReferenceImageError where the reference OS isn't built for it. */
export function boardOf(slug: string): Board {
  const board = boards.find((each) => each.slug === slug);
  if (board !== undefined) return board;
  throw new ReferenceImageError(`there is no reference OS for the device type ${slug}`, {
    advice: `Give an image of your own with --image, or take one of ${boards.map((each) => each.slug).join(' ')}.`,
  });
}
