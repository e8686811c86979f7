/**
 * What ends a command early: the process exits with `exitCode`, and prints the message and the advice.
 * Exit codes: 2 usage or configuration, 3 the lab couldn't give evidence, 70 boardwalk's own fault, 130 interrupted.
 */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly exitCode: 2 | 3 | 70 | 130;
  readonly advice: string | undefined;

  constructor(message: string, options: { exitCode: 2 | 3 | 70 | 130; advice?: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode;
    this.advice = options.advice;
  }
}

/** Something the user wrote is wrong: a name, an option, a line of bench.yaml. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';

  constructor(message: string, options: { advice?: string; cause?: unknown } = {}) {
    super(message, { exitCode: 2, ...options });
  }
}
