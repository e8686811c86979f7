import { DeviceError } from '../errors.ts';

/** The device's slots aren't as balenaOS lays them out. */
export class UnknownSlotLayout extends DeviceError {
  override readonly name = 'UnknownSlotLayout';
}

/** hostapp-update ended with an error; the evidence is what it said. */
export class InstallFailed extends DeviceError {
  override readonly name = 'InstallFailed';
}

/** The inactive slot holds no such part of an OS: was an update installed? */
export class NothingInstalled extends DeviceError {
  override readonly name = 'NothingInstalled';
}

/** There is no file to update to. */
export class NoUpdateFile extends DeviceError {
  override readonly name = 'NoUpdateFile';
}
