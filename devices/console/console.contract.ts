import { AwaitedTooLong } from '../errors.ts';
import { contractTests, type DeclareTest } from '../every.contract.ts';
import type { Console } from './console.ts';

export interface ConsoleUnderTest {
  console: Console;
  /** Makes the device write these lines to its console, each with its line end, and nothing else of its own between them. */
  say(...lines: string[]): Promise<void>;
  /** Resolves once the device received these bytes. */
  heard(bytes: string): Promise<void>;
  release(): Promise<void>;
}

/** Milliseconds within which any device, an emulated one too, answers on its console. */
const answer = 20_000;

/** What any console promises. */
export function consoleContract(test: DeclareTest, name: string, make: () => Promise<ConsoleUnderTest>): void {
  const contract = contractTests(test, name, make);

  contract('finds what arrives after the call', async (t, it) => {
    const found = it.console.expect(/contract-(\d+) (x)?/, { timeout: answer });
    await it.say('contract-41 here');
    const match = await found;
    t.is(match.text, 'contract-41 ');
    t.deepEqual(match.groups, ['41', '']);
    t.is(Buffer.from(await it.console.read({ from: match.offset, to: match.end })).toString(), 'contract-41 ');
  });

  contract('finds what arrived after a mark of the past, and not what came before it', async (t, it) => {
    await it.say('contract-twice');
    const first = await it.console.expect('contract-twice', { from: 0, timeout: answer });
    const mark = await it.console.mark();
    t.true(mark >= first.end);
    await it.say('contract-twice');
    const second = await it.console.expect('contract-twice', { from: mark, timeout: answer });
    t.true(second.offset >= mark);
    t.true(second.at >= first.at);
  });

  contract('gives up after its budget and quotes what it saw', async (t, it) => {
    const from = await it.console.mark();
    await it.say('contract-something-else');
    await it.console.expect('contract-something-else', { from, timeout: answer });
    const error = await t.throwsAsync(it.console.expect(/never said/, { from, timeout: 50 }), { instanceOf: AwaitedTooLong });
    t.regex(error?.message ?? '', /never said/);
    t.regex(error?.message ?? '', /contract-something-else/);
  });

  contract('stops waiting when it is told to', async (t, it) => {
    const stop = new AbortController();
    const waiting = it.console.expect('never said', { timeout: answer, signal: stop.signal });
    stop.abort();
    await t.throwsAsync(waiting, { name: 'AbortError' });
  });

  contract('shows each follower every byte from where it began, in order', async (t, it) => {
    const from = await it.console.mark();
    await it.say('contract-follow-1');
    const stop = new AbortController();
    const collect = async () => {
      let text = '';
      let next = from;
      for await (const chunk of it.console.follow({ from, signal: stop.signal })) {
        t.is(chunk.offset, next);
        next += chunk.bytes.length;
        text += Buffer.from(chunk.bytes).toString();
        if (text.includes('contract-follow-2')) break;
      }
      return text;
    };
    const both = Promise.all([collect(), collect()]);
    await it.console.expect('contract-follow-1', { from, timeout: answer });
    await it.say('contract-follow-2');
    for (const text of await both) t.regex(text, /contract-follow-1[^]*contract-follow-2/);
    stop.abort();
  });

  contract('a follower ends when it is told to', async (t, it) => {
    const stop = new AbortController();
    const chunks = (async () => {
      let count = 0;
      for await (const chunk of it.console.follow({ signal: stop.signal })) count += chunk.bytes.length;
      return count;
    })();
    stop.abort();
    t.true((await chunks) >= 0);
  });

  contract('writes reach the device whole and in order', async (t, it) => {
    await Promise.all([it.console.write('contract-a\n'), it.console.write(Buffer.from('contract-b\n')), it.console.write('contract-c\n')]);
    await t.notThrowsAsync(it.heard('contract-a\ncontract-b\ncontract-c\n'));
  });

  contract('tells of a kernel’s trouble that no test asked for', async (t, it) => {
    const from = await it.console.mark();
    await it.say('[   12.345678] BUG: kernel NULL pointer dereference, address: 0000000000000010');
    await it.console.expect('address: 0000000000000010\n', { from, timeout: answer });
    const faults = await it.console.faults({ from });
    t.deepEqual(
      faults.map(({ kind }) => kind),
      ['oops'],
    );
    t.regex(faults[0]?.line ?? '', /NULL pointer/);
    t.deepEqual(await it.console.faults({ from: await it.console.mark() }), []);
  });
}
