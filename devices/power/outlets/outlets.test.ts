import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import test from 'ava';
import { AwaitedTooLong } from '../../errors.ts';
import { DriverFailed, UnknownDriver } from '../../drivers/errors.ts';
import type { Outlet } from '../outlet.ts';
import { powerContract } from '../power.contract.ts';
import { switched } from '../switched.ts';
import { digestAuthorization } from './digest.ts';
import { outlets } from './index.ts';
import { type Answer, type Asked, SwitchDouble } from './switch-double.ts';

/** How each kind of switch speaks. */
const protocols: Record<string, (asked: Asked, double: SwitchDouble) => Answer> = {
  'shelly, generation 1': ({ url }, double) => {
    if (url.pathname === '/shelly') return { body: { type: 'SHPLG-S', auth: false } };
    if (url.pathname !== '/relay/0') return { status: 404, body: 'Not Found' };
    const turn = url.searchParams.get('turn');
    if (turn !== null) double.set(turn === 'on');
    return { body: { ison: double.on, has_timer: false } };
  },
  'shelly, generation 2': ({ url, body }, double) => {
    if (url.pathname === '/shelly') return { body: { id: 'shellyplus1', gen: 2 } };
    const { id, method, params } = JSON.parse(body);
    if (params.id !== 0) return { body: { id, error: { code: 404, message: 'No handler' } } };
    const was = double.on;
    if (method === 'Switch.Set') double.set(params.on);
    return { body: { id, result: method === 'Switch.Set' ? { was_on: was } : { id: 0, output: double.on } } };
  },
  tasmota: ({ url }, double) => {
    const [, number, state] = /^Power(\d) ?(On|Off)?$/.exec(url.searchParams.get('cmnd') ?? '') ?? [];
    if (number !== '1') return { body: { Command: 'Unknown' } };
    if (state !== undefined) double.set(state === 'On');
    return { body: { POWER: double.on ? 'ON' : 'OFF' } };
  },
  netio: ({ url, method, body }, double) => {
    if (url.pathname !== '/netio.json') return { status: 404, body: 'Not Found' };
    if (method === 'POST') {
      const [{ ID, Action }] = JSON.parse(body).Outputs;
      if (ID === 1) double.set(Action === 1);
    }
    return {
      body: { Agent: { Model: 'PowerPDU 4C' }, Outputs: [1, 2].map((ID) => ({ ID, State: ID === 1 && double.on ? 1 : 0, Action: 6 })) },
    };
  },
  http: ({ url }, double) => {
    if (url.pathname !== '/state') double.set(url.pathname === '/on');
    return { body: `relay=${double.on ? 1 : 0}` };
  },
  pdudaemon: ({ url }, double) => {
    const order = `${url.pathname} ${url.searchParams.get('hostname')} ${url.searchParams.get('port')} ${url.searchParams.get('delay')}`;
    if (!/^\/power\/control\/(on|off) pdu1 3 0$/.test(order)) return { status: 500, body: `Invalid request: ${order}` };
    double.set(url.pathname.endsWith('/on'));
    return { body: 'OK - accepted request' };
  },
};

function optionsFor(protocol: string, host: string): object {
  if (protocol === 'http') {
    const at = (path: string) => `http://${host}${path}`;
    return { on: at('/on'), off: { url: at('/off'), method: 'POST' }, state: { request: at('/state'), on: 'relay=1', off: 'relay=0' } };
  }
  return protocol === 'pdudaemon' ? { host, pdu: 'pdu1', port: 3 } : { host };
}

async function outletAt(protocol: string, host: string, more: object = {}): Promise<Outlet> {
  const driver = await outlets.named(protocol.split(',')[0] ?? '');
  return driver.open(driver.options.parse({ ...optionsFor(protocol, host), ...more }));
}

const budget = 10_000;

for (const [protocol, answer] of Object.entries(protocols)) {
  powerContract(test, protocol, async () => {
    const double = await SwitchDouble.start(answer);
    const power = switched({ outlet: await outletAt(protocol, double.host), budget, offFor: 0 });
    // One that can't be asked knows its state after the first order.
    if (protocol === 'pdudaemon') await power.off();
    return { power, powerOns: () => double.powerOns, release: () => double.close() };
  });

  test(`${protocol}: a refusal is told, and what came with it`, async (t) => {
    const double = await SwitchDouble.start(() => ({ status: 401, body: 'Unauthorized' }));
    const outlet = await outletAt(protocol, double.host);
    const error = await t.throwsAsync(outlet.set('on', AbortSignal.timeout(budget)), { instanceOf: DriverFailed });
    t.regex(error.message, /status 401 “Unauthorized”/);
    t.true(error.message.includes(double.host));
    t.regex(error.advice ?? '', /user or password/);
    t.is(error.blame, 'infra');
    await double.close();
  });

  test(`${protocol}: one that says nothing is given up, and one that isn’t there is said`, async (t) => {
    const double = await SwitchDouble.start(() => undefined);
    const outlet = await outletAt(protocol, double.host);
    await t.throwsAsync(outlet.set('on', AbortSignal.timeout(200)), { instanceOf: DriverFailed, message: /no answer within the budget/ });
    await double.close();
    await t.throwsAsync(outlet.set('on', AbortSignal.timeout(budget)), { instanceOf: DriverFailed, message: /ECONNREFUSED/ });
  });
}

for (const protocol of ['shelly, generation 1', 'shelly, generation 2', 'tasmota', 'netio', 'http']) {
  test(`${protocol}: a relay that sticks is told`, async (t) => {
    const double = await SwitchDouble.start(protocols[protocol] ?? (() => undefined));
    double.stuck = true;
    const power = switched({ outlet: await outletAt(protocol, double.host), budget: 2_000 });
    const error = await t.throwsAsync(power.on(), { instanceOf: AwaitedTooLong });
    t.regex(error.message, /to be on for 2\.0 s; seen instead: it says that it is off/);
    t.is(error.blame, 'infra');
    await double.close();
  });
}

for (const [protocol, body] of [
  ['shelly, generation 2', '{"id":1,"result"'],
  ['shelly, generation 2', 'null'],
  ['tasmota', '{"Command":"Unknown"}'],
  ['shelly, generation 1', '<html>'],
  ['netio', '{"Outputs":[{"ID":1,"State":"on"}]}'],
  ['netio', '{"Outputs":[{"ID":2,"State":1}]}'],
] as const) {
  test(`${protocol}: ${body} is no answer`, async (t) => {
    const double = await SwitchDouble.start(() => ({ body }));
    const outlet = await outletAt(protocol, double.host);
    const error = await t.throwsAsync(outlet.read?.(AbortSignal.timeout(budget)) ?? Promise.resolve(), { instanceOf: DriverFailed });
    t.true(error.message.includes(double.host));
    await double.close();
  });
}

test('an outlet that the switch hasn’t got is told', async (t) => {
  const shelly = await SwitchDouble.start(protocols['shelly, generation 2'] ?? (() => undefined));
  const second = await outletAt('shelly', shelly.host, { outlet: 1 });
  await t.throwsAsync(second.set('on', AbortSignal.timeout(budget)), {
    instanceOf: DriverFailed,
    message: /outlet 1 answered with something else/,
  });
  await shelly.close();
});

test('user and password go along: basic for a Shelly of generation 1, in the query for Tasmota', async (t) => {
  const shelly = await SwitchDouble.start(protocols['shelly, generation 1'] ?? (() => undefined));
  await (await outletAt('shelly', shelly.host, { user: 'bench', password: 'secret' })).set('on', AbortSignal.timeout(budget));
  t.is(shelly.asked.at(-1)?.authorization, `Basic ${Buffer.from('bench:secret').toString('base64')}`);
  await shelly.close();
  const tasmota = await SwitchDouble.start(protocols['tasmota'] ?? (() => undefined));
  await (await outletAt('tasmota', tasmota.host, { password: 'a&b' })).set('on', AbortSignal.timeout(budget));
  t.is(tasmota.asked.at(-1)?.url.searchParams.get('password'), 'a&b');
  await tasmota.close();
});

/** A Shelly of generation 2 with a password: each order is challenged. */
function lockedShelly(password: string) {
  const challenge = 'Digest qop="auth", realm="shellyplus1-44179394d4d4", nonce="60dc2c69", algorithm=SHA-256';
  return SwitchDouble.start((asked, double) => {
    if (asked.url.pathname === '/shelly') return { body: { id: 'shellyplus1', gen: 2, auth_en: true } };
    const cnonce = /cnonce="([^"]*)"/.exec(asked.authorization ?? '')?.[1];
    const right = cnonce && digestAuthorization(challenge, { user: 'admin', password, method: 'POST', uri: '/rpc', cnonce });
    if (!right || asked.authorization !== right) return { status: 401, headers: { 'www-authenticate': challenge }, body: '' };
    return protocols['shelly, generation 2']?.(asked, double);
  });
}

test('a Shelly of generation 2 is given its password by digest, and never in clear', async (t) => {
  const shelly = await lockedShelly('secret');
  const outlet = await outletAt('shelly', shelly.host, { password: 'secret' });
  await outlet.set('on', AbortSignal.timeout(budget));
  t.is(await outlet.read?.(AbortSignal.timeout(budget)), 'on');
  t.false(shelly.asked.some((asked) => JSON.stringify(asked).includes('secret')));
  const wrong = await outletAt('shelly', shelly.host, { password: 'guess' });
  await t.throwsAsync(wrong.set('off', AbortSignal.timeout(budget)), { instanceOf: DriverFailed, message: /status 401/ });
  t.true(shelly.on);
  await shelly.close();
});

powerContract(test, 'command', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'outlet-'));
  const state = join(directory, 'state');
  const log = join(directory, 'log');
  await writeFile(state, 'off\n');
  await writeFile(log, '');
  const driver = await outlets.named('command');
  const options = {
    on: ['sh', '-c', 'echo on >"$1"; echo on >>"$2"', 'sh', state, log],
    off: ['sh', '-c', 'echo off >"$1"', 'sh', state],
    state: ['cat', state],
  };
  return {
    power: switched({ outlet: driver.open(driver.options.parse(options)), budget, offFor: 0 }),
    powerOns: () => readFileSync(log, 'utf8').split('\n').length - 1,
    release: () => rm(directory, { recursive: true }),
  };
});

test('command: a program that fails, hangs or isn’t there is told with its words', async (t) => {
  const driver = await outlets.named('command');
  const outlet = (...on: string[]) => driver.open(driver.options.parse({ on, off: ['true'] }));
  const failing = await t.throwsAsync(outlet('sh', '-c', 'echo no such hub >&2; exit 3').set('on', AbortSignal.timeout(budget)), {
    instanceOf: DriverFailed,
    message: /no such hub/,
  });
  t.regex(failing.advice ?? '', /by hand: {2}sh -c/);
  await t.throwsAsync(outlet('sleep', '600').set('on', AbortSignal.timeout(200)), {
    instanceOf: DriverFailed,
    message: /did not end within the budget/,
  });
  await t.throwsAsync(outlet('no-such-tool').set('on', AbortSignal.timeout(budget)), { instanceOf: DriverFailed, message: /no-such-tool/ });
});

test('each file of the folder that is a driver is one, under its own name', async (t) => {
  const drivers = await outlets.all();
  t.deepEqual(
    [...drivers.keys()],
    ['command', 'gpio', 'http', 'netio', 'pdudaemon', 'serial-relay', 'shelly', 'snmp', 'tasmota', 'usb-hub'],
  );
  for (const [name, driver] of drivers) t.is(driver.name, name);
  await t.throwsAsync(outlets.named('shely'), { instanceOf: UnknownDriver, message: /“shely”\. Did you mean “shelly”\?/ });
  const listed = await readFile(new URL('../../../docs/hardware.md', import.meta.url), 'utf8');
  for (const name of drivers.keys()) t.true(listed.includes(`| \`${name}\``), `docs/hardware.md lists ${name}`);
});
