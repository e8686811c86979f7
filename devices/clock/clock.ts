/**
 * How the bench's SNTP server answers. `silent`: it receives and never answers. `blocked`: nothing reaches it, as with UDP 123 cut.
 * `offset`: it lies by that many seconds (stratum and all else look right).
 */
export type ClockMode = { answer: 'right' } | { answer: 'offset'; seconds: number } | { answer: 'silent' } | { answer: 'blocked' };

export interface ClockRequests {
  /** NTP requests received since the last change of mode. */
  count: number;
  /** Epoch milliseconds of the last one. */
  lastAt?: number;
}

export interface ClockAddress {
  host: string;
  port: number;
}

/** The bench's own time server for one device. */
export interface Clock {
  /** Where the device reaches it; the same at all times. */
  address(): Promise<ClockAddress>;
  serve(mode: ClockMode): Promise<void>;
  requests(): Promise<ClockRequests>;
  /** The bench's time, epoch milliseconds. */
  now(): Promise<number>;
}
