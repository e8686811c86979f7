import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ConsoleRecorder } from '../console/recorder.ts';
import { cksum } from './checksum.ts';
import { ConsoleShell } from './console-shell.ts';
import { ConnectionLost, ConsoleLoginFailed, IndeterminateResult } from './errors.ts';
import { PtySource } from './pty-shell.ts';
import { shellContract } from './shell.contract.ts';

/** A fifth of the usual patience: what damaged frames cost is waiting. */
const slowness = 0.2;

async function onTerminal(command: string) {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-pty-'));
  const console = await ConsoleRecorder.open({ device: 'pty', directory });
  const source = new PtySource(`trap : INT; while :; do echo; printf 'board login: '; read -r name; ${command}; done`);
  await console.attach(source);
  // As getty does it: when a shell ends, the next one may log in. What is typed before it reads may be lost.
  await console.expect('login: ', { from: 0, timeout: 30_000 });
  const shell = new ConsoleShell({ console, slowness });
  const release = async () => {
    await shell.close();
    await console.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { console, source, shell, directory, release };
}

type Terminal = Awaited<ReturnType<typeof onTerminal>>;

function withTerminal(command: string, body: (t: ExecutionContext, it: Terminal) => Promise<void>) {
  return async (t: ExecutionContext) => {
    const it = await onTerminal(command);
    try {
      await body(t, it);
    } finally {
      await it.release();
    }
  };
}

for (const command of ['dash -i', 'bash --norc -i', 'busybox sh -i']) {
  const [program = ''] = command.split(' ');
  if (isPresent(program)) shellContract(test.serial, `console, ${program}`, () => onTerminal(command));
  else test.skip(`console, ${program}: ${program} isn’t on this host`, (t) => t.pass());
}

function isPresent(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.serial(
  'cd, variables and functions last from one command to the next',
  withTerminal('dash -i', async (t, { shell }) => {
    await shell.run('cd /usr/share; greeting=hello; export LOUD=HELLO; say() { echo "$greeting $1"; }');
    t.is(await shell.check("pwd; say you; sh -c 'echo $LOUD'"), '/usr/share\nhello you\nHELLO');
  }),
);

/** The same numbers at each run: xorshift32. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const kernelLines = [
  '[   41.220931] usb 1-1: new high-speed USB device number 2 using xhci_hcd\r\n',
  '\u001B[0;32m  OK  \u001B[0m Reached target \u001B[0;1;39mMulti-User System\u001B[0m.\r\n',
  '[ 3.1] \u00FF\u00FE\u0000 garbage;x1:2:3:4:5:6:7:8;\r\n',
  'board login: ; no\r\n',
];

/** Puts kernel lines into the bytes, on average one in so many bytes, and drops single ones. */
function noise(seed: number, { everyLine, everyDrop }: { everyLine: number; everyDrop: number }): (bytes: Buffer) => Buffer {
  const next = numbers(seed);
  return (bytes) => {
    const out: Buffer[] = [];
    for (const byte of bytes) {
      if (next() < 1 / everyLine) out.push(Buffer.from(kernelLines[Math.floor(next() * kernelLines.length)] ?? '', 'latin1'));
      if (next() >= 1 / everyDrop) out.push(Buffer.from([byte]));
    }
    return Buffer.concat(out);
  };
}

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
