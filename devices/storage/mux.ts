/** Who has the card. */
export type Side = 'bench' | 'board';

/** What a driver makes of one card multiplexer. It neither waits for an effect nor tries again. Both reject with DriverFailed, or with the signal's reason. */
export interface Mux {
  /** For messages. */
  readonly name: string;
  give(side: Side, signal: AbortSignal): Promise<void>;
  /** As the multiplexer itself tells. Absent where it can't be asked. */
  read?(signal: AbortSignal): Promise<Side | 'unknown'>;
}
