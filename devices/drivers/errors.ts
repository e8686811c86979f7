import { DeviceError } from '../errors.ts';

/** A switch didn't answer, or not as its protocol has it. */
export class OutletError extends DeviceError {
  override readonly name = 'OutletError';
}

/** There is no driver of that name. */
export class UnknownOutletDriver extends DeviceError {
  override readonly name = 'UnknownOutletDriver';
}
