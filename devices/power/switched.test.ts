import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import test from 'ava';
import { AwaitedTooLong } from '../errors.ts';
import type { Outlet } from './outlet.ts';
import type { PowerState } from './power.ts';
import { signOfLife } from './sign-of-life.ts';
import { switched } from './switched.ts';

/** A switch that does as it is told, and that says so. */
function outlet(): Outlet & { orders: PowerState[] } {
  const orders: PowerState[] = [];
  return {
    name: 'outlet 3',
    orders,
    async set(state) {
      orders.push(state);
    },
    read: async () => orders.at(-1) ?? 'off',
  };
}

/** A service of a board: greets, or takes connections and says nothing, as a tunnel to a board that is off does. */
async function service(t: { teardown(step: () => void): void }, greeting: string | undefined) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (greeting === undefined) socket.end();
    else socket.write(greeting);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { server, endpoint: { host: '127.0.0.1', port } };
}

test('a board that answers after the cut has power, whatever the switch says', async (t) => {
  const { endpoint } = await service(t, 'SSH-2.0-board\r\n');
  const power = switched({ outlet: outlet(), budget: 600, offFor: 0, signOfLife: () => signOfLife(endpoint) });
  await power.on();
  const message = `awaited a board without power at outlet 3 for 0.6 s; seen instead: the switch says off, but it answers on 127.0.0.1 port ${endpoint.port}`;
  await t.throwsAsync(power.off(), { instanceOf: AwaitedTooLong, message });
  await t.throwsAsync(power.cycle(), { instanceOf: AwaitedTooLong, message });
});

test('a board that is off already is looked at, too', async (t) => {
  const { endpoint } = await service(t, 'SSH-2.0-board\r\n');
  const switchThatIsOff = outlet();
  const power = switched({ outlet: switchThatIsOff, budget: 300, signOfLife: () => signOfLife(endpoint) });
  await t.throwsAsync(power.off(), { instanceOf: AwaitedTooLong });
  t.deepEqual(switchThatIsOff.orders, []);
});

test('a board that dies a moment after the cut is off', async (t) => {
  const signs = ['it blinks', 'it blinks', undefined];
  const power = switched({ outlet: outlet(), budget: 5_000, signOfLife: async () => signs.shift() });
  await power.on();
  await power.off();
  t.deepEqual(signs, []);
});

test('a connection that is taken and says nothing, or that is refused, is no sign of life', async (t) => {
  const { server, endpoint } = await service(t, undefined);
  t.is(await signOfLife(endpoint), undefined);
  server.close();
  await once(server, 'close');
  t.is(await signOfLife(endpoint), undefined);
});
