import { DeviceError } from '../errors.ts';

/** The target may not be flashed: in use, a partition, read-only, of another size. Nothing was written to it. */
export class TargetRefused extends DeviceError {
  override readonly name = 'TargetRefused';

  constructor(message: string, options: { advice: string; cause?: unknown }) {
    super(message, { blame: 'infra', ...options });
  }
}

/** A flash ended before its end. Whatever was written, the target's first MiB is zeros: no board boots it. */
export class FlashFailed extends DeviceError {
  override readonly name = 'FlashFailed';

  constructor(message: string, options: { advice: string; cause?: unknown }) {
    super(message, { blame: 'infra', ...options });
  }
}

/** What was read back isn't what was written; the range is the first one that differs, in bytes of the disk. */
export class ReadBackDiffers extends DeviceError {
  override readonly name = 'ReadBackDiffers';
  readonly start: number;
  /** Exclusive. */
  readonly end: number;

  constructor(target: string, { start, end }: { start: number; end: number }, seen: string) {
    const range = `${start.toLocaleString('en-US')} to ${end.toLocaleString('en-US')}`;
    super(`${target} doesn't hold what was written to it: bytes ${range} ${seen}`, {
      blame: 'infra',
      advice: 'Flash it again; if that happens twice, replace the medium or its reader.',
    });
    this.start = start;
    this.end = end;
  }
}
