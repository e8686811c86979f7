import { DeviceError } from '../../devices/index.ts';
import { ImageError, QemuError } from '../../qemu/index.ts';
import type { NewEvent } from '../../reports/index.ts';
import { CommandError } from '../errors.ts';

type HarnessError = Extract<NewEvent, { type: 'harness-error' }>;

/** An error outside any test, as the log tells it: whose fault, what was seen, what to do. */
export function causeOf(error: unknown): HarnessError {
  if (error instanceof CommandError) {
    const cause = { 2: 'usage', 3: 'infra', 70: 'harness', 130: 'unknown' } as const;
    return harnessError(error.message, cause[error.exitCode], error.advice);
  }
  if (error instanceof DeviceError) {
    const evidence = error.evidence.map(({ text }) => `\n${text}`).join('');
    return harnessError(`${error.message}${evidence}`, error.blame, error.advice);
  }
  // A file that is no image was given by the user; all else that a virtual machine lacks, the host lacks.
  if (error instanceof ImageError) return harnessError(error.message, 'usage', error.advice);
  if (error instanceof QemuError) return harnessError(error.message, 'infra', error.advice);
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return harnessError(message, 'harness', 'this is a mistake in boardwalk: please report it with the run directory');
}

function harnessError(message: string, cause: HarnessError['cause'], advice: string | undefined): HarnessError {
  return { type: 'harness-error', message, cause, advice: advice ?? 'run `boardwalk doctor`' };
}
