import { DeviceError } from '../errors.ts';

/** A console's source could not be opened. */
export class SourceUnopened extends DeviceError {
  override readonly name = 'SourceUnopened';
}

/** Nothing is attached to the console just now, or what was attached went away during a write. */
export class ConsoleDetached extends DeviceError {
  override readonly name = 'ConsoleDetached';
}

/** The console's log can't be kept any longer: without it no result has evidence. */
export class ConsoleUnrecorded extends DeviceError {
  override readonly name = 'ConsoleUnrecorded';
}

/** The recorder was closed while somebody waited for the console. */
export class ConsoleClosed extends DeviceError {
  override readonly name = 'ConsoleClosed';
}
