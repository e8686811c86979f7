import type { z } from 'zod';

import type { QmpEvent, QmpEventName } from './events.ts';

/** A QMP command and the shape of what it returns. */
export interface QmpRequest<Reply> {
  command: string;
  arguments?: Record<string, unknown>;
  reply: z.ZodType<Reply>;
}

export interface WaitOptions {
  /** Budget in milliseconds. */
  timeout?: number;
  signal?: AbortSignal;
}

/** A connection to one QEMU's monitor. */
export interface QmpClient extends AsyncDisposable {
  /** Sends a command and resolves with its reply. Throws QmpError if QEMU refuses it, BudgetExceeded, or QmpClosed. */
  execute<Reply>(request: QmpRequest<Reply>, options?: WaitOptions): Promise<Reply>;
  /** The first event of this name from now on (and for which `where` holds). Call it *before* the command that causes it. */
  waitFor<Name extends QmpEventName>(
    name: Name,
    options?: WaitOptions & { where?: (event: QmpEvent<Name>) => boolean },
  ): Promise<QmpEvent<Name>>;
  /** Every event from now on, until the connection closes or the signal aborts. Events are kept until they are read. */
  events(options?: { signal?: AbortSignal }): AsyncIterable<QmpEvent>;
  /** Resolves once the connection ended and all that came over it was handled. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}
