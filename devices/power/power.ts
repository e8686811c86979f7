export type PowerState = 'on' | 'off' | 'unknown';

/** A power switch: abrupt, as a cut. Each call confirms what it did by reading the state back. */
export interface Power {
  on(): Promise<void>;
  off(): Promise<void>;
  /** Off, a pause long enough for the board to discharge (milliseconds; default: the type's), on. */
  cycle(options?: { offFor?: number }): Promise<void>;
  state(): Promise<PowerState>;
}
