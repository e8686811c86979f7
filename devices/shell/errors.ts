import { DeviceError, type Evidence } from '../errors.ts';
import type { ShellResult } from './shell.ts';

/** How much of an output an error carries. */
const quoted = 4000;

/** Evidence of a command: its output's end. */
export function commandEvidence(command: string, output: { stdout: string; stderr: string; exitCode?: number }): Evidence {
  const { stdout, stderr, exitCode } = output;
  const parts = [`$ ${command}`, stdout.slice(-quoted).trimEnd(), stderr.slice(-quoted).trimEnd()];
  if (exitCode !== undefined) parts.push(`exit code ${exitCode}`);
  return { kind: 'command', text: parts.filter((part) => part !== '').join('\n') };
}

/** A command ended with another exit code than 0. */
export class CommandFailed extends DeviceError {
  override readonly name = 'CommandFailed';
  readonly result: ShellResult;

  constructor(result: ShellResult) {
    const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-3).join(' / ');
    super(`“${result.command}” ended with exit code ${result.exitCode}${said === '' ? '' : `: ${said}`}`, {
      blame: 'product',
      evidence: [commandEvidence(result.command, result)],
      advice: 'Run it on the device by hand: boardwalk ssh.',
    });
    this.result = result;
  }
}

/** The connection ended before the command's result was known: it may have run, in part or whole. Never an empty success. */
export class ConnectionLost extends DeviceError {
  override readonly name = 'ConnectionLost';
}

/** The device shows another host key than the one that was seen first after its last flash. */
export class HostKeyChanged extends DeviceError {
  override readonly name = 'HostKeyChanged';
}

/** The device's SSH server refuses to do what was asked, and says so. */
export class SshRefused extends DeviceError {
  override readonly name = 'SshRefused';
}

/** What the console carried doesn't allow to say what the command did. It isn't guessed. */
export class IndeterminateResult extends DeviceError {
  override readonly name = 'IndeterminateResult';
}

/** There is no way to a root shell on the console. */
export class ConsoleLoginFailed extends DeviceError {
  override readonly name = 'ConsoleLoginFailed';
}

/** This shell has no such means: a serial line forwards no ports. */
export class NotOverConsole extends DeviceError {
  override readonly name = 'NotOverConsole';
}

/** The shell was closed by this side. */
export class ShellClosed extends DeviceError {
  override readonly name = 'ShellClosed';
}
