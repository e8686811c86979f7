import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwaitedTooLong } from '../errors.ts';
import { contractTests, type DeclareTest } from '../every.contract.ts';
import { CommandFailed } from './errors.ts';
import type { Shell } from './shell.ts';

export interface ShellUnderTest {
  shell: Shell;
  /** A directory of the device where files may be made and are removed afterwards. */
  directory: string;
  release(): Promise<void>;
}

/** What any shell promises. The device has a POSIX shell, `cat`, `sleep` and `wc`; no more is asked of it. */
export function shellContract(test: DeclareTest, name: string, make: () => Promise<ShellUnderTest>): void {
  const contract = contractTests(test, name, make);

  contract('gives stdout, stderr and exit code, each for itself', async (t, { shell }) => {
    const { milliseconds, ...result } = await shell.run('echo out; echo err >&2; (exit 3)');
    t.deepEqual(result, { command: 'echo out; echo err >&2; (exit 3)', stdout: 'out\n', stderr: 'err\n', exitCode: 3 });
    t.true(milliseconds >= 0);
  });

  contract('says nothing where nothing was said', async (t, { shell }) => {
    const { stdout, stderr, exitCode } = await shell.run('true');
    t.deepEqual({ stdout, stderr, exitCode }, { stdout: '', stderr: '', exitCode: 0 });
  });

  contract('a command that exits the shell gives its exit code, and the next one runs', async (t, { shell }) => {
    const { stdout, exitCode } = await shell.run('echo before; exit 7; echo after');
    t.deepEqual({ stdout, exitCode }, { stdout: 'before\n', exitCode: 7 });
    t.is(await shell.check('echo next'), 'next');
  });

  contract('a command that isn’t POSIX shell is an exit code, not an error', async (t, { shell }) => {
    const { stderr, exitCode } = await shell.run('if then fi');
    t.not(exitCode, 0);
    t.not(stderr, '');
    t.is((await shell.run('no-such-command-here')).exitCode, 127);
  });

  contract('a command ended by a signal gives 128 and its number', async (t, { shell }) => {
    t.is((await shell.run("sh -c 'kill -TERM $$'")).exitCode, 143);
  });

  contract('takes a command as it is written', async (t, { shell }) => {
    const command = `printf '%s|' "a  b" 'c"d' \\$HOME 'ä€😀' '%s' '\\0' \`echo back\`\nprintf '%s\\n' "second line" # a comment`;
    t.is((await shell.run(command)).stdout, 'a  b|c"d|$HOME|ä€😀|%s|\\0|back|second line\n');
  });

  contract('takes a command longer than a terminal’s line', async (t, { shell }) => {
    const words = Array.from({ length: 2000 }, (_, index) => `w${index}`).join(' ');
    t.is(await shell.check(`for w in ${words}; do :; done; echo $w`), 'w1999');
  });

  contract('feeds stdin and closes it', async (t, { shell }) => {
    t.is((await shell.run('cat', { stdin: 'from here\n' })).stdout, 'from here\n');
    t.is((await shell.run('cat')).stdout, '');
    const bytes = Uint8Array.from({ length: 2048 }, (_, index) => index % 256);
    t.is(await shell.check('wc -c', { stdin: bytes }), '2048');
  });

  contract('brings large output whole', async (t, { shell }) => {
    const { stdout } = await shell.run('i=0; while [ $i -lt 5000 ]; do echo "line $i of a long output"; i=$((i+1)); done');
    t.is(stdout, Array.from({ length: 5000 }, (_, index) => `line ${index} of a long output\n`).join(''));
  });

  contract('runs commands that are asked for at once, each with its own result', async (t, { shell }) => {
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    const results = await Promise.all(numbers.map((number) => shell.run(`echo ${number}; exit ${number}`)));
    t.deepEqual(
      results.map(({ stdout, exitCode }) => [stdout, exitCode]),
      numbers.map((number) => [`${number}\n`, number]),
    );
  });

  contract('check gives stdout without its end, or throws what happened', async (t, { shell }) => {
    t.is(await shell.check('echo; echo " x "; echo'), '\n x');
    const error = await t.throwsAsync(shell.check('echo told; echo why >&2; exit 4'), { instanceOf: CommandFailed });
    t.is(error?.result.exitCode, 4);
    t.regex(error?.message ?? '', /exit code 4: why/);
    t.regex(error?.evidence[0]?.text ?? '', /told\nwhy/);
  });

  contract('gives up after its budget, and the next command runs', async (t, { shell }) => {
    // Connected and logged in, so that the budget is the command's own.
    await shell.check('true');
    const error = await t.throwsAsync(shell.run('echo begun; sleep 600', { timeout: 5000 }), { instanceOf: AwaitedTooLong });
    t.regex(error?.message ?? '', /sleep 600/);
    t.is(await shell.check('echo next'), 'next');
  });

  contract('stops waiting when it is told to, and the next command runs', async (t, { shell }) => {
    const stop = new AbortController();
    const running = shell.run('sleep 600', { signal: stop.signal });
    stop.abort();
    await t.throwsAsync(running, { name: 'AbortError' });
    t.is(await shell.check('echo next'), 'next');
  });

  contract('carries files there and back, byte for byte', async (t, { shell, directory }) => {
    const local = await mkdtemp(join(tmpdir(), 'boardwalk-shell-'));
    try {
      const bytes = Buffer.from(Uint8Array.from({ length: 5000 }, (_, index) => (index * 7) % 256));
      await writeFile(join(local, 'there'), bytes);
      await shell.upload(join(local, 'there'), `${directory}/it's here`, { mode: 0o640 });
      t.regex(await shell.check(`ls -l "${directory}/it's here"`), /^-rw-r-----/);
      await shell.download(`${directory}/it's here`, join(local, 'back'));
      t.is((await readFile(join(local, 'back'))).toString('hex'), bytes.toString('hex'));
      await t.throwsAsync(shell.download(`${directory}/missing`, join(local, 'missing')), { instanceOf: CommandFailed });
      await t.throwsAsync(readFile(join(local, 'missing')), { code: 'ENOENT' });
      await t.throwsAsync(shell.upload(join(local, 'missing'), `${directory}/x`), { code: 'ENOENT' });
      await t.throwsAsync(shell.upload(join(local, 'there'), `${directory}/no/such/directory`), { instanceOf: CommandFailed });
    } finally {
      await rm(local, { recursive: true, force: true });
    }
  });

  contract('is ready once a command is answered', async (t, { shell }) => {
    await t.notThrowsAsync(shell.ready({ timeout: 30_000 }));
  });

  contract('does nothing after it was closed', async (t, { shell }) => {
    await shell.run('true');
    await shell.close();
    await t.throwsAsync(shell.run('true'), { name: 'ShellClosed' });
    await t.notThrowsAsync(shell.close());
  });
}
