import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import test from 'ava';
import { askTime } from './ask.ts';
import { clockContract } from './clock.contract.ts';
import { isRequest, readReply, reply, request } from './ntp-packet.ts';
import { SntpServer } from './sntp.ts';

const loopback = { listen: '127.0.0.1', seenAs: async () => '127.0.0.1' };

clockContract(test, 'sntp', async () => {
  const clock = await SntpServer.start(loopback);
  return { clock, ask: async () => (await askTime(await clock.address(), 300))?.transmitted, release: () => clock.close() };
});

test('a reply has the fields of a primary server', (t) => {
  const asked = Date.UTC(2026, 10, 22, 12, 0, 0, 125);
  const received = Date.UTC(2026, 10, 22, 12, 0, 1, 500);
  const answer = readReply(reply(request(asked), { received, transmitted: received + 2 }));
  t.like(answer, { leap: 0, version: 4, mode: 4, stratum: 1, precision: -10, referenceId: 'LOCL' });
  t.is(Math.round(answer.originate), asked);
  t.is(Math.round(answer.received), received);
  t.is(Math.round(answer.transmitted), received + 2);
  t.true(answer.reference < answer.received);
});

test('the originate field is the request’s transmit field, bit by bit', (t) => {
  const asked = request(0);
  asked.set([0xde, 0xad, 0xbe, 0xef, 0x01, 0x02, 0x03, 0x04], 40);
  t.deepEqual([...reply(asked, { received: 1, transmitted: 1 }).subarray(24, 32)], [0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4]);
});

test('times after the era’s turn in 2036 survive', (t) => {
  const then = Date.UTC(2040, 0, 1);
  t.is(Math.round(readReply(reply(request(then), { received: then, transmitted: then })).transmitted), then);
});

test('only a client’s request is one', (t) => {
  t.true(isRequest(request(0)));
  t.false(isRequest(request(0).subarray(0, 47)));
  t.false(isRequest(reply(request(0), { received: 0, transmitted: 0 })));
  t.false(isRequest(Buffer.alloc(48)));
});

test('what is no request is neither answered nor counted', async (t) => {
  const clock = await SntpServer.start(loopback);
  t.teardown(() => clock.close());
  await clock.serve({ answer: 'right' });
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const { host, port } = await clock.address();
  socket.send(Buffer.alloc(10), port, host);
  // The server reads in order: once this one is answered, the other was read.
  socket.send(request(Date.now()), port, host);
  await once(socket, 'message');
  t.is((await clock.requests()).count, 1);
});
