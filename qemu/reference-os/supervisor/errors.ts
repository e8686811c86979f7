/** The root of what the supervisor throws on purpose. `status` is the HTTP status its API answers with. */
export class SupervisorError extends Error {
  override readonly name: string = 'SupervisorError';
  readonly status: number = 503;
}

/** The caller asked for something that can't be: 400. */
export class BadRequest extends SupervisorError {
  override readonly name = 'BadRequest';
  override readonly status = 400;
}

/** There is no such service: 404. */
export class NotFound extends SupervisorError {
  override readonly name = 'NotFound';
  override readonly status = 404;
}

/** A lock file, another operation or a pending OS update stands in the way: 423. */
export class UpdatesLocked extends SupervisorError {
  override readonly name = 'UpdatesLocked';
  override readonly status = 423;
}

/** A target state that breaks its schema. The message lists each fault with its path. */
export class InvalidTargetState extends SupervisorError {
  override readonly name = 'InvalidTargetState';
  override readonly status = 400;
}

/** The engine refused a call or didn't answer it. */
export class EngineError extends SupervisorError {
  override readonly name = 'EngineError';
  /** The engine's own HTTP status; 0 where it didn't answer. */
  readonly engineStatus: number;

  constructor(message: string, engineStatus: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.engineStatus = engineStatus;
  }
}

/** A file the device must have is missing or isn't what it should be. */
export class DeviceFileError extends SupervisorError {
  override readonly name = 'DeviceFileError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether a file-system call failed with this code (`ENOENT`, `EEXIST`…). */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}
