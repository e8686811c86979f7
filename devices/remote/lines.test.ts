import test from 'ava';
import { lines, LineTooLong } from './lines.ts';

async function split(chunks: (string | Buffer)[], limit = 100): Promise<string[]> {
  async function* source() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const whole: string[] = [];
  for await (const line of lines(source(), () => limit)) whole.push(line);
  return whole;
}

test('lines come whole however the bytes come', async (t) => {
  t.deepEqual(await split(['one\ntwo\n', 'th', '', 'ree\n\nfi', 've\n']), ['one', 'two', 'three', '', 'five']);
});

test('a letter cut in two is put together', async (t) => {
  const bytes = Buffer.from('grün\n');
  t.deepEqual(await split([bytes.subarray(0, 3), bytes.subarray(3)]), ['grün']);
});

test('what has no end is no line', async (t) => {
  t.deepEqual(await split(['one\ntw']), ['one']);
});

test('a line beyond the limit ends it, whether or not its end came', async (t) => {
  await t.throwsAsync(split(['x'.repeat(101)]), { instanceOf: LineTooLong });
  await t.throwsAsync(split(['x'.repeat(60), 'x'.repeat(60), '\n']), { instanceOf: LineTooLong });
  t.deepEqual(await split([`${'x'.repeat(100)}\n`]), ['x'.repeat(100)]);
});
