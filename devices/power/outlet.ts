import type { PowerState } from './power.ts';

/**
 * What a driver makes of one socket, port or relay: two functions, of which the second may be missing. It neither waits for an effect nor tries again; that is
 * what `switched()` does for all of them. Both reject with DriverFailed, or with the signal's reason once it aborts.
 */
export interface Outlet {
  /** For messages: which switch, and which of its outlets. */
  readonly name: string;
  set(state: 'on' | 'off', signal: AbortSignal): Promise<void>;
  /** As the switch itself tells. Absent where it can't be asked. */
  read?(signal: AbortSignal): Promise<PowerState>;
  /** Lets go of what it holds, if it holds something: a line, a process. What becomes of the board then is the hardware's affair. */
  close?(): Promise<void>;
}
