import { inspect } from 'node:util';

/** systemd reads a line's priority off its head (sd-daemon(3)). */
const PRIORITIES = { error: '<3>', warning: '<4>', info: '<6>' };

let sink: (line: string) => void = (line) => {
  process.stdout.write(`${line}\n`);
};

/** One line for the journal. */
export function log(level: keyof typeof PRIORITIES, message: string, cause?: unknown): void {
  sink(`${PRIORITIES[level]}[${level}] ${message}${cause === undefined ? '' : ` ${inspect(cause)}`}`);
}

/** Sends the lines elsewhere than to stdout; a test reads them. */
export function logTo(receiver: (line: string) => void): void {
  sink = receiver;
}
