import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { startFakeBench } from '../../devices/testing/fake-bench.ts';
import { takeCustody } from '../../qemu/index.ts';
import type { EventOf } from '../../reports/index.ts';
import { runPlaywright } from './playwright.ts';
import type { ReporterMessage } from './reporter.ts';

const root = join(import.meta.dirname, '../..');

/** Runs a suite's text on a fake bench through the real Playwright and the real reporter, and gives what the runner was told. */
async function run(t: ExecutionContext, text: string): Promise<ReporterMessage[]> {
  // In the project's tree, where a suite's imports are resolved from.
  await mkdir(join(root, '.boardwalk'), { recursive: true });
  const directory = await mkdtemp(join(root, '.boardwalk', 'runner-test-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const index = JSON.stringify(join(root, 'devices/index.ts'));
  await writeFile(join(directory, 'inline.suite.ts'), `import { test, expect, proves, measure, AwaitedTooLong } from ${index};\n${text}`);
  await writeFile(join(directory, 'boardwalk.config.ts'), `import { defineConfig } from ${index};\nexport default defineConfig();\n`);
  const bench = await startFakeBench();
  t.teardown(() => bench.release());
  const custody = await takeCustody({ name: 'runner-test' });
  t.teardown(() => custody.release());
  const messages: ReporterMessage[] = [];
  await runPlaywright({
    bench: {
      custody,
      socketPath: bench.environment.BOARDWALK_BENCH,
      token: bench.environment.BOARDWALK_TOKEN,
      devices: [{ parts: { id: 'fake-1' } }],
    },
    config: join(directory, 'boardwalk.config.ts'),
    files: [join(directory, 'inline.suite.ts')],
    grep: undefined,
    retries: 0,
    runDirectory: directory,
    signal: new AbortController().signal,
    onMessage: (message) => messages.push(message),
  });
  return messages;
}

const ends = (messages: ReporterMessage[]): Map<string, Omit<EventOf<'test-finished'>, 'seq' | 'at' | 't'>> =>
  new Map(messages.flatMap(({ event }) => (event.type === 'test-finished' ? [[event.test, event] as const] : [])));

test.serial('each way in which a test ends is told with whom it is charged to', async (t) => {
  const messages = await run(
    t,
    `test('holds', proves('mine.holds'), async ({ device }) => { expect(device.id).toBe('fake-1'); });
     test('broken', proves('mine.broken', { provokes: ['panic'] }), async () => { expect('seen', 'a sentence of its own').toBe('expected'); });
     test('throws', async () => { throw new TypeError('a mistake in the test'); });
     test('lab', async () => { throw new AwaitedTooLong('a stick', 1000, 'nothing', { blame: 'infra', advice: 'Plug it in.' }); });
     test('sticks', proves('mine.sticks', { needs: ['sticks'] }), async () => { throw new Error('ran'); });
     test('measures', async () => { await measure('boot', 21.5, { unit: 's', max: 60, better: 'lower' }); });`,
  );
  const planned = messages.find(({ event }) => event.type === 'tests-planned')?.event;
  t.is(planned?.type === 'tests-planned' ? planned.tests.length : 0, 6);
  const ended = ends(messages);
  t.is(ended.get('inline/holds')?.outcome, 'pass');
  t.is(ended.get('inline/holds')?.console?.device, 'fake-1');
  t.like(ended.get('inline/broken'), { outcome: 'fail', cause: 'product' });
  t.like(ended.get('inline/broken')?.error, { message: 'a sentence of its own', expected: '"expected"', seen: '"seen"' });
  t.like(ended.get('inline/throws'), { outcome: 'error', cause: 'test' });
  t.regex(ended.get('inline/throws')?.error?.message ?? '', /a mistake in the test/);
  t.like(ended.get('inline/lab'), { outcome: 'error', cause: 'infra' });
  t.like(ended.get('inline/lab')?.error, { message: 'awaited a stick for 1.0 s; seen instead: nothing', advice: 'Plug it in.' });
  t.like(ended.get('inline/sticks'), { outcome: 'skip', reason: 'fake-1 (fake) has no sticks' });
  const measured = messages.flatMap(({ event }) => (event.type === 'measurement' ? [event] : []));
  t.like(measured[0], { name: 'boot', value: 21.5, unit: 's', outcome: 'pass' });
  t.deepEqual(messages.find(({ event }) => event.type === 'test-finished' && event.test === 'inline/broken')?.provoked, ['panic']);
});

test.serial('a suite that is no program is told as an error of the suite, with its words', async (t) => {
  const messages = await run(t, 'this is no TypeScript');
  const errors = messages.flatMap(({ event }) => (event.type === 'harness-error' ? [event] : []));
  t.true(errors.length > 0);
  for (const { cause } of errors) t.is(cause, 'test');
  t.regex(errors.map(({ message }) => message).join('\n'), /SyntaxError|Missing semicolon|Unexpected/);
});
