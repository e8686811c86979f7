export interface RunOptions {
  /** Budget in milliseconds; default 30,000 scaled by the device's speed. */
  timeout?: number;
  /** Bytes for the command's standard input; it is closed after them. */
  stdin?: string | Uint8Array;
  signal?: AbortSignal;
}

export interface ShellResult {
  command: string;
  stdout: string;
  stderr: string;
  /** 0–255; a command ended by a signal gives 128 + its number. Never undefined: a lost connection is an error. */
  exitCode: number;
  milliseconds: number;
}

export interface Forward {
  /** Loopback address on this side. */
  host: string;
  port: number;
  close(): Promise<void>;
}

/** A root shell on the host OS. `run` returns any exit code; `check` throws CommandFailed for a non-zero one and returns stdout, trimmed at its end. */
export interface Shell {
  run(command: string, options?: RunOptions): Promise<ShellResult>;
  check(command: string, options?: RunOptions): Promise<string>;
  upload(localPath: string, remotePath: string, options?: { mode?: number; signal?: AbortSignal }): Promise<void>;
  download(remotePath: string, localPath: string, options?: { signal?: AbortSignal }): Promise<void>;
  /** Opens a loopback port that ends at a TCP port or a unix socket of the device. */
  forward(target: { port: number } | { socket: string }): Promise<Forward>;
  /** Resolves once a command is answered; reconnects by itself. Rejects with what was seen instead. */
  ready(options: { timeout: number; signal?: AbortSignal }): Promise<void>;
  close(): Promise<void>;
}
