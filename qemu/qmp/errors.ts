import { QemuError } from '../errors.ts';

/** QEMU refused a command, or answered it in a shape that isn't known. */
export class QmpError extends QemuError {
  override readonly name = 'QmpError';
  /** QEMU's error class, `GenericError` for nearly all, `DeviceNotFound` and few others. */
  readonly class: string;
  readonly desc: string;
  readonly command: string;

  constructor(command: string, reply: { class: string; desc: string }, cause?: unknown) {
    super(`${command} failed: ${reply.desc}`, {
      advice: `The command and its arguments are described in QEMU's QMP reference under “${command}”.`,
      evidence: [JSON.stringify(reply)],
      cause,
    });
    this.class = reply.class;
    this.desc = reply.desc;
    this.command = command;
  }
}

/** The connection to QEMU's monitor ended, or what came over it isn't QMP. */
export class QmpClosed extends QemuError {
  override readonly name = 'QmpClosed';
}
