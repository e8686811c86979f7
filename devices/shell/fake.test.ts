import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import test from 'ava';
import { FakeShell, type FakeDevice } from './fake.ts';
import { shellContract } from './shell.contract.ts';

/** This host's /bin/sh as the device behind the fake. */
const thisHost: FakeDevice = async (command, stdin, signal) => {
  const shell = spawn('/bin/sh', ['-c', command], { stdio: 'pipe', detached: true });
  // A command that doesn't read its stdin ends while it is still written.
  shell.stdin.on('error', () => shell.stdin.destroy());
  shell.stdin.end(stdin);
  const stop = () => void (shell.pid !== undefined && process.kill(-shell.pid, 'SIGTERM'));
  signal.addEventListener('abort', stop);
  const closed = once(shell, 'close');
  const [stdout, stderr] = await Promise.all([buffer(shell.stdout), buffer(shell.stderr)]);
  await closed;
  signal.removeEventListener('abort', stop);
  const exitCode = shell.exitCode ?? 128 + (shell.signalCode === null ? 0 : constants.signals[shell.signalCode]);
  return { stdout, stderr: stderr.toString(), exitCode };
};

shellContract(test, 'fake shell', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-fake-shell-'));
  return { shell: new FakeShell(thisHost), directory, release: () => rm(directory, { recursive: true, force: true }) };
});

test('keeps the commands, in order', async (t) => {
  const shell = new FakeShell((command) => ({ stdout: command.toUpperCase() }));
  t.is(await shell.check('one'), 'ONE');
  t.is(await shell.check('two'), 'TWO');
  t.deepEqual(shell.commands, ['one', 'two']);
});
