import { QemuError, type QemuErrorOptions } from '../errors.ts';

export type ImageFault = 'missing' | 'unreadable' | 'empty' | 'truncated' | 'damaged' | 'compressed' | 'not-a-disk-image' | 'not-bootable';

/** A disk image isn't what it should be. */
export class ImageError extends QemuError {
  override readonly name = 'ImageError';
  readonly fault: ImageFault;
  readonly file: string;

  constructor(file: string, fault: ImageFault, message: string, options: QemuErrorOptions) {
    super(message, options);
    this.fault = fault;
    this.file = file;
  }
}

/** A file system has no room for what is about to be written. */
export class NoSpace extends QemuError {
  override readonly name = 'NoSpace';
}
