import { channel } from 'node:diagnostics_channel';

/** Whom a failure is charged to: the OS under test, the lab around it, the test itself, or boardwalk. */
export type Blame = 'product' | 'infra' | 'test' | 'harness';

/** One piece of what was seen: console lines, a command with its output, an HTTP exchange, a file. */
export interface Evidence {
  kind: 'console' | 'command' | 'http' | 'file';
  text: string;
  /** Byte offset in the device's console log, for console evidence. */
  offset?: number;
}

export interface DeviceErrorOptions {
  blame: Blame;
  evidence?: Evidence[];
  /** One sentence: what to do next. */
  advice?: string;
  cause?: unknown;
}

/** Every DeviceError, as it is made. A test runner keeps only an error's words; who reports for it finds the evidence here. */
export const deviceErrors = channel('boardwalk.device-error');

/** The root of everything a device part throws: who is to blame, what was seen, what to do next. */
export class DeviceError extends Error {
  override readonly name: string = 'DeviceError';
  readonly blame: Blame;
  readonly evidence: Evidence[];
  readonly advice: string | undefined;

  constructor(message: string, options: DeviceErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.blame = options.blame;
    this.evidence = options.evidence ?? [];
    this.advice = options.advice;
    deviceErrors.publish(this);
  }
}

/** An awaited observable did not come within its budget; the message says what was seen instead. */
export class AwaitedTooLong extends DeviceError {
  override readonly name = 'AwaitedTooLong';
  readonly awaited: string;
  readonly budgetMs: number;

  constructor(awaited: string, budgetMs: number, seen: string, options: DeviceErrorOptions) {
    super(`awaited ${awaited} for ${(budgetMs / 1000).toFixed(1)} s; seen instead: ${seen}`, options);
    this.awaited = awaited;
    this.budgetMs = budgetMs;
  }
}
