import { QemuError } from '../errors.ts';

/** The reference image can't be made from what there is. */
export class ReferenceImageError extends QemuError {
  override readonly name: string = 'ReferenceImageError';
}

/** File owners and chroot need root. */
export class RootRequired extends ReferenceImageError {
  override readonly name = 'RootRequired';

  constructor() {
    super('building the reference image needs root: its files belong to root, and its own programs run in it', {
      advice: 'Build it once with sudo (keep XDG_CACHE_HOME or HOME); afterwards it comes from the cache and needs no rights.',
    });
  }
}
