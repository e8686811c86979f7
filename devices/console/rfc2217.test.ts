import { randomBytes } from 'node:crypto';
import test from 'ava';
import { SourceUnopened } from './errors.ts';
import { openFakeConsole } from './fake.ts';
import { type Manners, Rfc2217Server } from './rfc2217-server.ts';
import { rfc2217 } from './rfc2217.ts';

async function wired(t: { teardown(step: () => Promise<void>): void }, manners?: Manners) {
  const server = await Rfc2217Server.start(manners);
  const { console, release } = await openFakeConsole();
  t.teardown(async () => {
    await release();
    await server.close();
  });
  const source = () => rfc2217({ host: '127.0.0.1', port: server.port, baudRate: 115_200 });
  return { server, console, source };
}

test('the line is set up, and the server’s word is taken for it', async (t) => {
  const { server, console, source } = await wired(t);
  await console.attach(source());
  t.deepEqual(
    [...server.settings],
    [
      [1, [0, 1, 194, 0]],
      [2, [8]],
      [3, [1]],
      [4, [1]],
      [5, [1]],
    ],
  );
});

test('every byte passes both ways', async (t) => {
  const { server, console, source } = await wired(t);
  await console.attach(source());
  const down = Buffer.concat([randomBytes(500_000), Buffer.alloc(500, 255), Buffer.from('end of it')]);
  server.feed(down);
  await console.expect('end of it', { from: 0, timeout: 60_000 });
  t.true(down.equals(await console.read()));
  const up = Buffer.concat([randomBytes(100_000), Buffer.alloc(500, 255), Buffer.from('end')]);
  await console.write(up);
  // Answered over the same wire once all of it was received.
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => (server.received.length >= up.length ? resolve() : setImmediate(look));
  look();
  await promise;
  t.true(up.equals(server.received));
});

test('a server that was restarted is told, and opened again', async (t) => {
  const { server, console, source } = await wired(t);
  const { closed } = await console.attach(source());
  server.hangUp();
  const { reason, detail } = await closed;
  t.is(reason, 'vanished');
  t.regex(detail, /127\.0\.0\.1:\d+ went away: /);
  await console.attach(source());
  const found = console.expect('back', { timeout: 20_000 });
  server.feed(Buffer.from('back'));
  t.truthy(await found);
});

for (const [what, manners, said] of [
  [
    'a rate that the adapter doesn’t take',
    { answer: (command, value) => (command === 1 ? [0, 0, 37, 128] : value) },
    /asked for a baud rate of 115200, it says 9600/,
  ],
  ['a server that doesn’t speak RFC 2217', { knowsComPort: false }, /it doesn’t speak RFC 2217/],
  ['a server that doesn’t say what the line is', { answer: () => undefined }, /it didn’t say the line's baud rate within 5 s/],
  ['a server that hangs up', { hangsUp: true }, /went away/],
] as const satisfies (readonly [string, Manners, RegExp])[]) {
  test(`${what} is refused`, async (t) => {
    const { console, source } = await wired(t, manners);
    const error = await t.throwsAsync(console.attach(source()), { instanceOf: SourceUnopened });
    t.regex(error.message, said);
    t.truthy(error.advice);
    t.false(console.attached);
  });
}

test('nobody there is said', async (t) => {
  const { server, console, source } = await wired(t);
  await server.close();
  await t.throwsAsync(console.attach(source()), { instanceOf: SourceUnopened, message: /ECONNREFUSED/ });
});
