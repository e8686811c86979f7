import test from 'ava';

import { QemuMissing } from '../errors.ts';
import { BuildCommandFailed, runCommand } from './command.ts';

test('standard output comes back, standard error line by line', async (t) => {
  const lines: string[] = [];
  const said = await runCommand('sh', ['-c', 'echo one >&2; echo two >&2; echo result'], {
    budget: 10_000,
    onLine: (line) => lines.push(line),
  });
  t.is(said, 'result');
  t.deepEqual(lines, ['one', 'two']);
});

test('a failure tells the program, its exit code and what it said last', async (t) => {
  const error = await t.throwsAsync(runCommand('sh', ['-c', 'echo first; echo last >&2; exit 3'], { budget: 10_000, advice: 'Do this.' }), {
    instanceOf: BuildCommandFailed,
    message: 'sh ended with exit code 3: last',
  });
  t.is(error?.advice, 'Do this.');
  t.deepEqual(error?.evidence, ['first', 'last']);
});

test('of several errors the first is told: the others follow from it', async (t) => {
  await t.throwsAsync(
    runCommand('sh', ['-c', 'echo begun; echo "E: no such package" >&2; echo "E: the wrapper failed" >&2; exit 25'], { budget: 10_000 }),
    {
      message: 'sh ended with exit code 25: E: no such package',
    },
  );
});

test('a program that is not installed is named with its package', async (t) => {
  await t.throwsAsync(runCommand('no-such-program-of-boardwalk', [], { budget: 10_000 }), { instanceOf: QemuMissing });
});

test('a spent budget and an abort end the program', async (t) => {
  await t.throwsAsync(runCommand('sleep', ['60'], { budget: 100 }), {
    instanceOf: BuildCommandFailed,
    message: /was not done after 0\.1 s/u,
  });
  const reason = new Error('asked to stop');
  await t.throwsAsync(runCommand('sleep', ['60'], { budget: 60_000, signal: AbortSignal.abort(reason) }), { is: reason });
});
