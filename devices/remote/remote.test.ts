import test from 'ava';
import { AwaitedTooLong, DeviceError } from '../errors.ts';
import { BenchLost } from './client.ts';
import { fakeBench } from './fake-bench.ts';

test('a client sees the device that the bench has', async (t) => {
  const { remote, parts, dirt, release } = await fakeBench();
  t.teardown(release);
  t.like(remote, { id: 'fake-1', type: 'fake' });
  t.deepEqual(await remote.clock?.address(), await parts.clock?.address());
  t.deepEqual(await remote.endpoints(), await parts.endpoints());
  t.deepEqual(await remote.artifacts(), { serviceImage: '/images/service.tar' });
  await remote.markDirty('it was painted');
  t.deepEqual(dirt, ['it was painted']);
});

test('what is remembered outlives the client that said it', async (t) => {
  const { remote, connect, release } = await fakeBench();
  t.teardown(release);
  t.is(await remote.recall('key'), undefined);
  const facts = { deep: [1, null, { text: 'ü' }], no: false };
  await remote.remember('key', facts);
  await remote.remember('nothing', null);
  await remote.close();
  const next = await connect();
  t.teardown(() => next.close());
  t.deepEqual(await next.recall('key'), facts);
  t.is(await next.recall('nothing'), null);
});

test('one person types at a console, until they hang up', async (t) => {
  const { remote, connect, release } = await fakeBench();
  t.teardown(release);
  const other = await connect();
  t.teardown(() => other.close());
  t.is(await remote.claimConsole('ada'), undefined);
  t.is(await other.claimConsole('bob'), 'ada');
  await remote.close();
  // The bench learns of it from the socket.
  let heldBy: string | undefined = 'ada';
  while (heldBy !== undefined) heldBy = await other.claimConsole('bob');
  const third = await connect();
  t.teardown(() => third.close());
  t.is(await third.claimConsole('cleo'), 'bob');
});

test('an error arrives as its class, thrown where it was asked for', async (t) => {
  const { remote, source, release } = await fakeBench();
  t.teardown(release);
  const from = await remote.console.mark();
  source.feed('only this\r\n');
  async function theTestThatAsked() {
    await remote.console.expect(/that/, { from, timeout: 20 });
  }
  const error = await t.throwsAsync(theTestThatAsked(), { instanceOf: AwaitedTooLong, message: /that[^]*only this/ });
  t.like(error, { budgetMs: 20, blame: 'product' });
  t.regex(error?.stack ?? '', /theTestThatAsked/);
});

test('a regular expression keeps its flags', async (t) => {
  const { remote, source, release } = await fakeBench();
  t.teardown(release);
  const from = await remote.console.mark();
  source.feed('first\r\nSECOND line\r\n');
  const match = await remote.console.expect(/^second (\w+)/im, { from, timeout: 5000 });
  t.deepEqual(match.groups, ['line']);
});

test('bytes that are no text travel whole, a long log in slices', async (t) => {
  const { remote, source, release } = await fakeBench();
  t.teardown(release);
  const bytes = Buffer.alloc(
    3_000_000,
    Uint8Array.from({ length: 256 }, (_, index) => index),
  );
  const from = await remote.console.mark();
  source.feed(bytes);
  t.true(bytes.equals(await remote.console.read({ from })));
  t.true(bytes.subarray(5, 2_000_005).equals(await remote.console.read({ from: from + 5, to: from + 2_000_005 })));
  t.is((await remote.console.read({ from: from + bytes.length, to: from + bytes.length + 10 })).length, 0);
});

test('a follower who is slow gets everything', async (t) => {
  const { remote, source, release } = await fakeBench();
  t.teardown(release);
  const from = await remote.console.mark();
  const stop = new AbortController();
  const follower = remote.console.follow({ from, signal: stop.signal });
  let expected = '';
  for (let line = 0; line < 500; line += 1) {
    source.feed(`line ${line}\n`);
    expected += `line ${line}\n`;
  }
  let seen = '';
  for await (const { bytes, offset } of follower) {
    t.is(offset, from + seen.length);
    seen += Buffer.from(bytes).toString();
    // A turn of the loop for each: the bench runs far ahead, were it let.
    await new Promise((resolve) => setImmediate(resolve));
    if (seen.length >= expected.length) break;
  }
  t.is(seen, expected);
});

test('a bench that ends fails what waits for it', async (t) => {
  const { remote, server, release } = await fakeBench();
  t.teardown(release);
  const waiting = remote.console.expect('never', { timeout: 60_000 });
  await remote.console.mark();
  await server.close();
  await t.throwsAsync(waiting, { instanceOf: BenchLost, message: /hung up|broke/ });
  await t.throwsAsync(remote.power.on(), { instanceOf: BenchLost });
});

test('closing this side fails what waits', async (t) => {
  const { remote, release } = await fakeBench();
  t.teardown(release);
  const waiting = remote.console.expect('never', { timeout: 60_000 });
  const failed = t.throwsAsync(waiting, { instanceOf: BenchLost, message: /this side closed/ });
  await remote.close();
  await failed;
  await remote.close();
});

test('a wrong token, an unknown device and a missing bench say so', async (t) => {
  const { connect, release } = await fakeBench();
  await t.throwsAsync(connect({ token: 'another' }), { instanceOf: DeviceError, name: 'ProtocolViolated', message: /token/ });
  await t.throwsAsync(connect({ device: 'fake-2' }), { instanceOf: DeviceError, name: 'NoSuchDevice', message: /fake-2/ });
  await release();
  await t.throwsAsync(connect(), { instanceOf: BenchLost, message: /no bench answers/ });
});

test('a signal that is aborted already asks nothing of the bench', async (t) => {
  const { remote, release } = await fakeBench();
  t.teardown(release);
  await t.throwsAsync(remote.console.expect('x', { timeout: 1000, signal: AbortSignal.abort(new RangeError('mine')) }), {
    instanceOf: RangeError,
    message: 'mine',
  });
});

test('a hundred clients at once are each answered', async (t) => {
  const { connect, source, release } = await fakeBench();
  t.teardown(release);
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect()));
  const waits = clients.map((client) => client.console.expect('go', { from: 0, timeout: 20_000 }));
  source.feed('go\r\n');
  t.is((await Promise.all(waits)).length, 100);
  await Promise.all(clients.map((client) => client.close()));
});
