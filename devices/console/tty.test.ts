import { once } from 'node:events';
import test from 'ava';
import { SourceUnopened } from './errors.ts';
import { openFakeConsole } from './fake.ts';
import { terminal } from './terminal-double.ts';
import { tty } from './tty.ts';

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
