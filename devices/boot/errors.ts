import { DeviceError } from '../errors.ts';

/** A reboot was asked for and no new kernel answered; the message tells how far it got, the evidence is the console's last lines. */
export class NeverCameBack extends DeviceError {
  override readonly name = 'NeverCameBack';
}

/** A reboot was asked for and the same kernel still answers. */
export class NeverRebooted extends DeviceError {
  override readonly name = 'NeverRebooted';
}

/** The device was asked to reboot and said no. */
export class RebootRefused extends DeviceError {
  override readonly name = 'RebootRefused';
}

/** The device rebooted, or began to, where it should not. */
export class UnexpectedReboot extends DeviceError {
  override readonly name = 'UnexpectedReboot';
}
