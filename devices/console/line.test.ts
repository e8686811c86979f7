import test from 'ava';
import { SourceUnopened } from './errors.ts';
import { FakeSource, openFakeConsole } from './fake.ts';
import { ConsoleLine } from './line.ts';
import type { SourceListener } from './source.ts';

const budget = { from: 0, timeout: 20_000 };

/** An adapter that isn't there. */
class Absent extends FakeSource {
  override async open(): Promise<void> {
    throw new SourceUnopened('not there', { blame: 'infra', advice: 'Plug it in.' });
  }
}

test('an adapter that was pulled is opened again, and the same log goes on', async (t) => {
  const { console, release } = await openFakeConsole();
  const before = new FakeSource();
  const back = Promise.withResolvers<void>();
  const after = new (class extends FakeSource {
    override async open(listener: SourceListener): Promise<void> {
      await super.open(listener);
      back.resolve();
    }
  })();
  // Not there yet at the first look after it was pulled.
  const sources = [before, new Absent(), after];
  const line = await ConsoleLine.connect(console, () => sources.shift() ?? new Absent());
  before.feed('before\n');
  await console.expect('before', budget);
  before.vanish();
  await back.promise;
  after.feed('after\n');
  await console.expect('after', budget);
  t.is(Buffer.from(await console.read()).toString(), 'before\nafter\n');
  await line.close();
  t.false(console.attached);
  await release();
});

test('a console that can’t be opened at the beginning is an error, and not tried again', async (t) => {
  const { console, release } = await openFakeConsole();
  let tries = 0;
  const open = () => {
    tries += 1;
    return new Absent();
  };
  await t.throwsAsync(ConsoleLine.connect(console, open), { instanceOf: SourceUnopened });
  t.is(tries, 1);
  await release();
});

test('a line that is closed while its adapter is away stays closed', async (t) => {
  const { console, release } = await openFakeConsole();
  const source = new FakeSource();
  let opened = 0;
  const line = await ConsoleLine.connect(console, () => {
    opened += 1;
    return source;
  });
  source.vanish();
  await line.close();
  t.is(opened, 1);
  await release();
});
