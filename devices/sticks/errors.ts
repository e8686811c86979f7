import { DeviceError } from '../errors.ts';

/** A stick couldn't be made, plugged or read. */
export class StickFailed extends DeviceError {
  override readonly name = 'StickFailed';
}
