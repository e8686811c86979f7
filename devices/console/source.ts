/** Why a source ended: this side closed it, its device went away, or its driver failed. */
export interface SourceClosed {
  reason: 'closed' | 'vanished' | 'failed';
  /** One line for a person. */
  detail: string;
}

export interface SourceListener {
  /** Bytes as they came. The array is the listener's only until it returns. */
  bytes(bytes: Uint8Array): void;
  /** Called once, after the last bytes. */
  closed(cause: SourceClosed): void;
}

/** Where a console's bytes come from: a tty, a PTY, a fake. It is opened once; a device that comes back gets a new source. */
export interface ConsoleSource {
  /** For messages: a path or an address. */
  readonly name: string;
  /** Bytes that arrive from now on go to the listener. Rejects with SourceUnopened. */
  open(listener: SourceListener): Promise<void>;
  /** Resolves when the operating system has taken the bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when it is closed and the listener was told. On a source that is closed it does nothing. */
  close(): Promise<void>;
}
