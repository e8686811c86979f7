import { DeviceError } from '../devices/index.ts';
import { ImageError, QemuError } from '../qemu/index.ts';
import { CommandError } from '../workers/index.ts';

/** Prints what ended a command, on stderr: one sentence, then what to do. Returns the exit code. */
export function tellError(error: unknown): number {
  if (error instanceof CommandError) return tell(error.message, error.advice, error.exitCode);
  if (error instanceof ImageError) return tell(error.message, error.advice, 2);
  if (error instanceof QemuError || error instanceof DeviceError) return tell(error.message, error.advice, 3);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return tell(text, 'this is a mistake in boardwalk: please report it with these lines', 70);
}

function tell(message: string, advice: string | undefined, exitCode: number): number {
  process.stderr.write(`boardwalk: ${message}\n${advice === undefined ? '' : `  → ${advice}\n`}`);
  return exitCode;
}
