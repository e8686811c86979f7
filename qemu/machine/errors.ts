import { QemuError } from '../errors.ts';

/** QEMU ended, or never spoke, before the machine was ready. */
export class MachineStartFailed extends QemuError {
  override readonly name = 'MachineStartFailed';
}

/** A host port that was asked for belongs to another process. */
export class PortTaken extends QemuError {
  override readonly name = 'PortTaken';
  readonly port: number;

  constructor(forward: string, port: number, cause?: unknown) {
    super(`port ${port} of this host, asked for as “${forward}”, is taken`, {
      advice: `See who has it (ss -ltnp sport = :${port}), ask for another, or leave the host port out to get a free one.`,
      cause,
    });
    this.port = port;
  }
}

/** Something was asked of a machine that is off, with how it ended. */
export class MachineOff extends QemuError {
  override readonly name = 'MachineOff';
}
