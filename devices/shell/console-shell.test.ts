import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ConsoleRecorder } from '../console/recorder.ts';
import { ConsoleShell } from './console-shell.ts';
import { PtySource } from './pty-shell.ts';
import { shellContract } from './shell.contract.ts';

async function onTerminal(command: string) {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-pty-'));
  const console = await ConsoleRecorder.open({ device: 'pty', directory });
  const source = new PtySource(command);
  await console.attach(source);
  const shell = new ConsoleShell({ console });
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
  if (isPresent(program)) shellContract(test, `console, ${program}`, () => onTerminal(command));
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

test(
  'cd, variables and functions last from one command to the next',
  withTerminal('dash -i', async (t, { shell }) => {
    await shell.run('cd /usr/share; greeting=hello; export LOUD=HELLO; say() { echo "$greeting $1"; }');
    t.is(await shell.check("pwd; say you; sh -c 'echo $LOUD'"), '/usr/share\nhello you\nHELLO');
  }),
);
