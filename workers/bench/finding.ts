/** What was found of one thing that a bench needs. */
export interface Finding {
  level: 'ok' | 'warning' | 'fault';
  what: string;
  found: string;
  /** What to do about it. */
  mend?: string;
}
