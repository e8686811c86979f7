import test from 'ava';
import { cksum } from './checksum.ts';
import { ConsoleShell } from './console-shell.ts';
import { ConnectionLost, ConsoleLoginFailed, IndeterminateResult } from './errors.ts';
import { noise } from './noise.ts';
import { onTerminal, pathOf, slowness, withTerminal } from './on-terminal.ts';
import { shellContract } from './shell.contract.ts';

for (const command of ['dash -i', 'bash --norc -i', 'busybox sh -i']) {
  const [program = ''] = command.split(' ');
  if (pathOf(program) !== undefined) shellContract(test.serial, `console, ${program}`, () => onTerminal(command));
  else test.skip(`console, ${program}: ${program} isn’t on this host`, (t) => t.pass());
}

test.serial(
  'cd, variables and functions last from one command to the next',
  withTerminal('dash -i', async (t, { shell }) => {
    await shell.run('cd /usr/share; greeting=hello; export LOUD=HELLO; say() { echo "$greeting $1"; }');
    t.is(await shell.check("pwd; say you; sh -c 'echo $LOUD'"), '/usr/share\nhello you\nHELLO');
  }),
);

test.serial(
  'kernel lines in the middle of frames, dropped bytes, ANSI and what isn’t UTF-8 change no result',
  withTerminal('dash -i', async (t, { shell, source }) => {
    source.fromTerminal = noise(20261122, { everyLine: 300, everyDrop: 2000 });
    for (let round = 0; round < 25; round += 1) {
      const length = round * 97;
      const command = `i=0; while [ $i -lt ${length} ]; do printf '%s ' $i; i=$((i+1)); done; echo "err ${round}" >&2; exit ${round}`;
      const { stdout, stderr, exitCode } = await shell.run(command, { timeout: 60_000 });
      const expected = Array.from({ length }, (_, index) => `${index} `).join('');
      t.deepEqual({ stdout, stderr, exitCode }, { stdout: expected, stderr: `err ${round}\n`, exitCode: round }, `round ${round}`);
    }
  }),
);

test.serial(
  'a command that reaches the device damaged is sent again, and runs once',
  withTerminal('dash -i', async (t, { shell, source, directory }) => {
    await shell.run('true');
    source.toTerminal = noise(7, { everyLine: Infinity, everyDrop: 1500 });
    source.fromTerminal = noise(8, { everyLine: 200, everyDrop: 500 });
    for (let round = 0; round < 25; round += 1) {
      await shell.run(`echo ${round} >>${directory}/ran`, { timeout: 60_000 });
    }
    const stdin = Buffer.from(Uint8Array.from({ length: 3000 }, (_, index) => index % 251));
    const { stdout } = await shell.run('cksum', { stdin, timeout: 60_000 });
    source.toTerminal = (bytes) => bytes;
    source.fromTerminal = (bytes) => bytes;
    t.is(stdout, `${cksum(stdin)} 3000\n`);
    t.is(await shell.check(`cat ${directory}/ran`), Array.from({ length: 25 }, (_, round) => round).join('\n'));
  }),
);

test.serial(
  'it logs in through the noise',
  withTerminal('dash -i', async (t, { shell, source }) => {
    source.fromTerminal = noise(3, { everyLine: 150, everyDrop: 1000 });
    t.is(await shell.check('echo in', { timeout: 60_000 }), 'in');
  }),
);

test.serial(
  'what never comes whole is indeterminate, and not guessed',
  withTerminal('dash -i', async (t, { shell, source }) => {
    await shell.run('true');
    // The line of stdout loses its end, the frames of the end come through.
    source.fromTerminal = (bytes) => Buffer.from(bytes.toString('latin1').replaceAll(/(o1:..)[^;]*;/g, '$1;'), 'latin1');
    const error = await t.throwsAsync(shell.run('echo 4', { timeout: 2000 }), { instanceOf: IndeterminateResult });
    t.regex(error?.message ?? '', /ended with exit code 0, but 1 lines/);
    source.fromTerminal = (bytes) => bytes;
    t.is(await shell.check('echo next', { timeout: 60_000 }), 'next');
  }),
);

test.serial(
  'a shell that ends under a command is an error',
  withTerminal('dash -i', async (t, { shell }) => {
    await shell.run('true');
    await t.throwsAsync(shell.run('rm -rf "$bw_d"; kill -9 $$', { timeout: 20_000 }), { instanceOf: ConnectionLost });
  }),
);

test.serial(
  'that another shell reads the requests is noticed, though no prompt was seen',
  withTerminal('dash -i', async (t, { shell, source }) => {
    await shell.run('true');
    // Whoever answers to the login is a request.
    source.fromTerminal = (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('login: ', ''), 'latin1');
    const error = await t.throwsAsync(shell.run('rm -rf "$bw_d"; kill -9 $$', { timeout: 60_000 }), { instanceOf: ConnectionLost });
    t.regex(error?.message ?? '', /another shell read a request/);
  }),
);

test.serial(
  'a burst of ten megabytes beside the frames costs no more than its reading',
  withTerminal('dash -i', async (t, { shell }) => {
    const { stdout } = await shell.run('head -c 10000000 /dev/zero | tr "\\0" x >/dev/tty; echo done', { timeout: 60_000 });
    t.is(stdout, 'done\n');
    t.is((await shell.run('head -c 3000000 /dev/zero | tr "\\0" y', { timeout: 60_000 })).stdout.length, 3_000_000);
  }),
);

test.serial(
  'a session that another one left behind is ended, and a running program too',
  withTerminal('dash -i', async (t, { console, shell }) => {
    t.is(await shell.check('echo first', { timeout: 60_000 }), 'first');
    // Its owner died: nobody says q to the loop.
    const second = new ConsoleShell({ console, slowness });
    t.is(await second.check('echo second', { timeout: 60_000 }), 'second');
    await second.close();
    await console.write('\nsleep 600\n');
    const third = new ConsoleShell({ console, slowness });
    t.is(await third.check('echo third', { timeout: 60_000 }), 'third');
    await third.close();
  }),
);

test.serial(
  'a program that runs between a login and its prompt is ended',
  withTerminal(`dash -c "trap : INT; sleep 600; exec dash -i"`, async (t, { shell }) => {
    t.is(await shell.check('echo behind', { timeout: 60_000 }), 'behind');
  }),
);

test.serial(
  'a login that no shell follows is an error',
  withTerminal('sleep 600', async (t, { shell }) => {
    const error = await t.throwsAsync(shell.check('true', { timeout: 60_000 }), { instanceOf: ConsoleLoginFailed });
    t.is(error.message, 'no shell on the console: no prompt followed the login as root');
  }),
);
