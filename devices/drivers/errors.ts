import { DeviceError } from '../errors.ts';

/** What is at the end of a wire didn't answer, or not as its protocol has it. */
export class DriverFailed extends DeviceError {
  override readonly name = 'DriverFailed';
}

/** There is no driver of that name. */
export class UnknownDriver extends DeviceError {
  override readonly name = 'UnknownDriver';
}

/** What bench.yaml says of a thing isn't what its driver takes. */
export class WiringWrong extends DeviceError {
  override readonly name = 'WiringWrong';
}
