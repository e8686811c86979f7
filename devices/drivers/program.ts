import { execa } from 'execa';
import { DriverFailed } from './errors.ts';

/**
 * Runs a program of the bench, without a shell; it ends with this process. Its standard output, trimmed.
 * Throws DriverFailed with what it said and how it ended, the reason of a signal that aborted before. @param name of what it is run for, for messages
 */
export async function runProgram(name: string, words: readonly string[], signal: AbortSignal): Promise<string> {
  // A program that is started and killed may have done its work before.
  signal.throwIfAborted();
  const shown = words.join(' ');
  const ended = await execa('setpriv', ['--pdeathsig', 'KILL', ...words], {
    reject: false,
    stdin: 'ignore',
    cancelSignal: signal,
    killSignal: 'SIGKILL',
  });
  if (ended.exitCode === 0 && !ended.isCanceled) return ended.stdout.trim();
  const how = ended.isCanceled ? 'it did not end within the budget' : (ended.stderr.trim() || ended.shortMessage || '').slice(0, 500);
  throw new DriverFailed(`${name} didn't do as it was asked (${shown}): ${how}`, {
    blame: 'infra',
    evidence: [{ kind: 'command', text: `$ ${shown}\n${ended.stdout}\n${ended.stderr}` }],
    advice: `Run it by hand:  ${shown}`,
  });
}
