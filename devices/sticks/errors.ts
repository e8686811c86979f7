import { DeviceError } from '../errors.ts';

/** A file that should be on a stick isn't: whoever should have written it, the device or the test, didn't. */
export class FileNotOnStick extends DeviceError {
  override readonly name = 'FileNotOnStick';

  constructor(path: string, said: string) {
    super(`${path} was not found on the stick`, {
      blame: 'product',
      evidence: [{ kind: 'command', text: said }],
      advice: 'list() says what is on the stick.',
    });
  }
}

/** A stick couldn't be made, plugged or read. */
export class StickFailed extends DeviceError {
  override readonly name = 'StickFailed';
}
