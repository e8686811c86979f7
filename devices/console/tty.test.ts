import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { SourceUnopened } from './errors.ts';
import { openFakeConsole } from './fake.ts';
import { tty } from './tty.ts';

/** A terminal whose other side is a pair of pipes: util-linux's script(1) holds it and ends with this process, a shell that only waits has it open. */
async function terminal(): Promise<{
  path: string;
  script: ChildProcess;
  say: (text: string) => void;
  heard: () => string;
  end: () => Promise<void>;
}> {
  const script = spawn('setpriv', ['--pdeathsig', 'KILL', 'script', '-qfc', 'stty raw -echo; tty; exec sleep 600', '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  let output = '';
  const named = Promise.withResolvers<string>();
  script.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString('latin1');
    const path = /\/dev\/pts\/\d+/.exec(output)?.[0];
    if (path !== undefined && output.includes('\n')) named.resolve(path);
  });
  const end = async () => {
    if (script.exitCode !== null || script.signalCode !== null) return;
    const exited = once(script, 'exit');
    script.kill('SIGKILL');
    await exited;
  };
  return { path: await named.promise, script, say: (text) => void script.stdin.write(text), heard: () => output, end };
}

test('a terminal is read and written, and its end is told', async (t) => {
  const { console, release } = await openFakeConsole();
  const pty = await terminal();
  const { closed } = await console.attach(tty(pty.path));
  const found = console.expect('from the device', { timeout: 20_000 });
  pty.say('from the device\n');
  t.truthy(await found);
  const said = once(pty.script.stdout ?? pty.script, 'data');
  await console.write('to the device');
  await said;
  t.true(pty.heard().endsWith('to the device'));
  await pty.end();
  const cause = await closed;
  t.not(cause.reason, 'closed');
  t.regex(cause.detail, /\/dev\/pts\/\d+/);
  // The device is back, on another terminal: the same log goes on.
  const next = await terminal();
  await console.attach(tty(next.path));
  const again = console.expect('back again', { timeout: 20_000 });
  next.say('back again\n');
  t.truthy(await again);
  await release();
  await next.end();
});

test('what comes without pause gathers between two reads, and no byte of it is lost; what is too much at once to write is written', async (t) => {
  const { console, release } = await openFakeConsole();
  const pty = await terminal();
  await console.attach(tty(pty.path));
  const lines = Array.from({ length: 6000 }, (_, line) => `line ${line} of a device that says much\n`);
  for (const line of lines) pty.say(line);
  await console.expect(lines.at(-1)?.trim() ?? '', { from: 0, timeout: 60_000 });
  t.is(Buffer.from(await console.read()).toString(), lines.join(''));
  const much = 'x'.repeat(100_000);
  await console.write(`${much}.`);
  while (!pty.heard().endsWith('.')) await once(pty.script.stdout ?? pty.script, 'data');
  t.true(pty.heard().endsWith(`${much}.`));
  await pty.end();
  await release();
});

test('a terminal that isn’t there can’t be attached, and the console can tell why', async (t) => {
  const { console, release } = await openFakeConsole();
  const error = await t.throwsAsync(console.attach(tty('/dev/no-such-terminal')), { instanceOf: SourceUnopened });
  t.regex(error?.message ?? '', /\/dev\/no-such-terminal/);
  await t.throwsAsync(console.write('x'), { message: /no-such-terminal/ });
  await release();
});
