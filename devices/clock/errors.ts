import { DeviceError } from '../errors.ts';

/** The bench can't be the device's time server. */
export class ClockUnavailable extends DeviceError {
  override readonly name = 'ClockUnavailable';
}
