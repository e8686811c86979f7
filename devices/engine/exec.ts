import { once } from 'node:events';
import { PassThrough, type Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import { AwaitedTooLong } from '../errors.ts';
import type { RunOptions, ShellResult } from '../shell/shell.ts';
import { engineError, ExecLost, NotExecuted } from './errors.ts';

/** The engine may close the streams an instant before it has the exit code. */
const exitCodeBudget = 10_000;
const exitCodeInterval = 50;

/**
 * Runs `sh -c command` in a container, stdout and stderr apart.
 * @throws AwaitedTooLong, whose evidence is the output so far; the command goes on in the container
 * @throws ExecLost when the connection ended before the command did
 */
export async function execIn(
  docker: Docker,
  containerId: string,
  command: string,
  { timeout, stdin, signal }: RunOptions & { timeout: number },
): Promise<ShellResult> {
  const started = performance.now();
  const budget = AbortSignal.timeout(timeout);
  const ended = signal ? AbortSignal.any([signal, budget]) : budget;
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const output = Promise.all([buffer(stdout), buffer(stderr)]);
  let stream: Duplex | undefined;
  try {
    const exec = await docker
      .getContainer(containerId)
      .exec({ Cmd: ['sh', '-c', command], AttachStdout: true, AttachStderr: true, AttachStdin: stdin !== undefined, abortSignal: ended })
      .catch((error: unknown) => {
        const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
        // In a container that is gone (404) or doesn't run (409).
        throw error instanceof Error && (status === 404 || status === 409) ? notExecuted(command, error.message.trim(), error) : error;
      });
    // Hijacked: without it the engine gives no way to close the command's standard input alone.
    stream = await exec.start({ hijack: true, stdin: stdin !== undefined, abortSignal: ended });
    const closed = once(stream, 'close', { signal: ended });
    docker.modem.demuxStream(stream, stdout, stderr);
    if (stdin !== undefined) stream.end(stdin);
    await closed;
    const exitCode = await exitCodeOf(exec, command, ended);
    stdout.end();
    stderr.end();
    const [out, error] = await output;
    // The engine's own word, as if the command had said it: seen once under load, right after a restart of the container.
    const refusal = /^OCI runtime exec failed: .*/.exec(out.toString('utf8'));
    if (exitCode === 126 && refusal !== null) throw notExecuted(command, refusal[0]);
    return { command, stdout: out.toString('utf8'), stderr: error.toString('utf8'), exitCode, milliseconds: performance.now() - started };
  } catch (error) {
    stream?.destroy();
    stdout.end();
    stderr.end();
    signal?.throwIfAborted();
    const [out, said] = await output;
    const evidence = [{ kind: 'command' as const, text: `$ ${command}\n${out.toString('utf8')}${said.toString('utf8')}` }];
    if (budget.aborted) {
      throw new AwaitedTooLong(`the end of “${command}” in the container`, timeout, `${out.length + said.length} bytes of output`, {
        blame: 'product',
        evidence,
        advice: 'The command still runs in the container; its output so far is in the evidence.',
        cause: error,
      });
    }
    throw engineError(`“${command}” in the container`, error);
  }
}

function notExecuted(command: string, why: string, cause?: Error): NotExecuted {
  return new NotExecuted(`“${command}” wasn’t executed: ${why}`, {
    blame: 'product',
    advice: 'Is the container gone or stopped? What does the supervisor’s journal say of it?',
    cause,
  });
}

async function exitCodeOf(exec: Docker.Exec, command: string, signal: AbortSignal): Promise<number> {
  const deadline = performance.now() + exitCodeBudget;
  for (;;) {
    const { Running, ExitCode } = await exec.inspect({ abortSignal: signal });
    if (!Running && ExitCode !== null) return ExitCode;
    if (performance.now() > deadline) {
      throw new ExecLost(`the connection ended while “${command}” ran in the container`, {
        blame: 'infra',
        evidence: [{ kind: 'command', text: `$ ${command}` }],
        advice: 'Did the device reboot, or its engine restart, while the command ran?',
      });
    }
    await pause(exitCodeInterval, undefined, { signal });
  }
}
