import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import test from 'ava';
import snmp from 'net-snmp';
import { AwaitedTooLong } from '../../errors.ts';
import { DriverFailed } from '../../drivers/errors.ts';
import { powerContract } from '../power.contract.ts';
import { switched } from '../switched.ts';
import { outlets } from './index.ts';

const budget = 10_000;

/** The table of outlets of each make, as its MIB has it, and what its columns say and take; the double's is outlet 3. */
const makes: Record<
  string,
  {
    entry: string;
    index: number[];
    status: number;
    on: [column: number, value: number];
    off: [column: number, value: number];
    states: [off: number, on: number];
  }
> = {
  apc: { entry: '1.3.6.1.4.1.318.1.1.4.4.2.1', index: [3], status: 3, on: [3, 1], off: [3, 2], states: [2, 1] },
  poe: { entry: '1.3.6.1.2.1.105.1.1.1', index: [1, 3], status: 3, on: [3, 1], off: [3, 2], states: [2, 1] },
  raritan: { entry: '1.3.6.1.4.1.13742.6.4.1.2.1', index: [1, 3], status: 3, on: [2, 1], off: [2, 0], states: [8, 7] },
  eaton: { entry: '1.3.6.1.4.1.534.6.6.7.6.6.1', index: [0, 3], status: 2, on: [4, 0], off: [3, 0], states: [0, 1] },
};

/** Columns of the index: of no account to the client. */
const firstIndexColumn = 90;

/** What a handler of net-snmp's agent is given. */
interface MibRequest {
  operation: number;
  oid: string;
  setValue: unknown;
  instanceNode: { value: number };
  done(error?: { errorStatus: number }): void;
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** A PDU of one make: net-snmp's own agent, which knows the community `private`. */
async function pdu(make: string, states = makes[make]?.states ?? [0, 0]) {
  const table = makes[make];
  if (table === undefined) throw new TypeError(`no make ${make}`);
  const port = await freePort();
  const double = { host: `127.0.0.1:${port}`, on: false, powerOns: 0, stuck: false, close: () => void agent.close() };
  // It tells its callback of each request that it takes for none of its own.
  const agent = snmp.createAgent({ port, address: '127.0.0.1', disableAuthorization: false }, () => undefined);
  agent.getAuthorizer().addCommunity('private');
  const switchTo = (on: boolean) => {
    if (double.stuck || on === double.on) return;
    double.on = on;
    if (on) double.powerOns += 1;
  };
  const columns = [...new Set([table.status, table.on[0], table.off[0]])].sort((a, b) => a - b);
  const indexColumns = table.index.map((_, at) => firstIndexColumn + at);
  agent.registerProvider({
    name: make,
    type: snmp.MibProviderType.Table,
    oid: table.entry,
    tableColumns: [...columns, ...indexColumns].map((number) => ({
      number,
      name: `column${number}`,
      type: snmp.ObjectType.Integer,
      maxAccess: snmp.MaxAccess['read-write'],
    })),
    tableIndex: indexColumns.map((number) => ({ columnName: `column${number}` })),
    handler(request: MibRequest) {
      const column = Number(request.oid.slice(table.entry.length + 1).split('.')[0]);
      if (request.operation === snmp.PduType.SetRequest) {
        for (const [wanted, [at, value]] of [
          [true, table.on],
          [false, table.off],
        ] as const) {
          if (column === at && request.setValue === value) switchTo(wanted);
        }
      } else if (column === table.status) request.instanceNode.value = states[double.on ? 1 : 0];
      request.done();
    },
  });
  agent.getMib().addTableRow(make, [...columns.map(() => states[0]), ...table.index]);
  return double;
}

async function outletAt(table: string, host: string, more: object = {}) {
  const driver = await outlets.named('snmp');
  return driver.open(driver.options.parse({ host, table, outlet: 3, ...more }));
}

for (const make of Object.keys(makes)) {
  powerContract(test, `snmp, ${make}`, async () => {
    const double = await pdu(make);
    const power = switched({ outlet: await outletAt(make, double.host), budget, offFor: 0 });
    return { power, powerOns: () => double.powerOns, release: async () => double.close() };
  });

  test(`snmp, ${make}: an outlet that doesn’t follow is told`, async (t) => {
    const double = await pdu(make);
    double.stuck = true;
    const power = switched({ outlet: await outletAt(make, double.host), budget: 3_000 });
    await t.throwsAsync(power.on(), { instanceOf: AwaitedTooLong, message: /it says that it is off/ });
    double.close();
  });
}

test('snmp: version 2c as well, and an outlet that isn’t there is told', async (t) => {
  const double = await pdu('apc');
  const outlet = await outletAt('apc', double.host, { version: '2c' });
  await outlet.set('on', AbortSignal.timeout(budget));
  t.is(await outlet.read?.(AbortSignal.timeout(budget)), 'on');
  const other = await outletAt('apc', double.host, { version: '2c', outlet: 9 });
  await t.throwsAsync(other.read?.(AbortSignal.timeout(budget)) ?? Promise.resolve(), {
    instanceOf: DriverFailed,
    message: /the apc at .* outlet 9/,
  });
  double.close();
});

test('snmp: an outlet on its way is neither on nor off', async (t) => {
  // Pending off and pending on, of outletControlStatus.
  const double = await pdu('eaton', [2, 3]);
  const outlet = await outletAt('eaton', double.host);
  t.is(await outlet.read?.(AbortSignal.timeout(budget)), 'unknown');
  double.close();
});

test('snmp: to a wrong community nothing answers, and that is said', async (t) => {
  const double = await pdu('apc');
  const outlet = await outletAt('apc', double.host, { community: 'public' });
  const error = await t.throwsAsync(outlet.set('on', AbortSignal.timeout(500)), { instanceOf: DriverFailed });
  t.regex(error.message, /set 1\.3\.6\.1\.4\.1\.318\.[\d.]+ to 1\): no answer within the budget/);
  t.regex(error.advice ?? '', /“public”.*To a wrong one it says nothing/);
  t.false(double.on);
  double.close();
});
