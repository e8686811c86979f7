import test from 'ava';
import { terminal } from '../../console/terminal-double.ts';
import { AwaitedTooLong } from '../../errors.ts';
import { DriverFailed } from '../../drivers/errors.ts';
import { powerContract } from '../power.contract.ts';
import { switched } from '../switched.ts';
import { outlets } from './index.ts';

const budget = 10_000;
const [on, off, request] = ['a0 01 01 a2', 'a0 01 00 a1', 'ff'];
const answers = { on: '4f 4e', off: '4f 46 46' };
const bytes = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A relay at the other side of a terminal, which echoes what it is told, as some do. */
async function relay() {
  const line = await terminal();
  const double = { path: line.path, on: false, powerOns: 0, stuck: false, deaf: false, end: line.end };
  let heard = Buffer.alloc(0);
  const took = (order: Buffer) => {
    if (!heard.subarray(-order.length).equals(order)) return false;
    heard = Buffer.alloc(0);
    return true;
  };
  const hear = (byte: number) => {
    heard = Buffer.concat([heard, Buffer.of(byte)]);
    const wanted = took(bytes(on)) ? true : took(bytes(off)) ? false : undefined;
    if (wanted !== undefined) {
      line.script.stdin?.write(bytes(wanted ? on : off));
      if (double.stuck || wanted === double.on) return;
      double.on = wanted;
      if (wanted) double.powerOns += 1;
    } else if (took(bytes(request))) line.script.stdin?.write(bytes(double.on ? answers.on : answers.off));
  };
  line.script.stdout?.on('data', (more: Buffer) => {
    // On a busy host an order and the next question come in one piece.
    if (!double.deaf) for (const byte of more) hear(byte);
  });
  return double;
}

async function outletOn(path: string, more: object = { state: { request, ...answers } }) {
  const driver = await outlets.named('serial-relay');
  return driver.open(driver.options.parse({ tty: path, on, off, ...more }));
}

powerContract(test, 'serial-relay', async () => {
  const double = await relay();
  return {
    power: switched({ outlet: await outletOn(double.path), budget, offFor: 0 }),
    powerOns: () => double.powerOns,
    release: double.end,
  };
});

test('a relay that sticks, and one that says nothing, are told', async (t) => {
  const double = await relay();
  t.teardown(double.end);
  double.stuck = true;
  const outlet = await outletOn(double.path);
  await t.throwsAsync(switched({ outlet, budget: 1_000 }).on(), { instanceOf: AwaitedTooLong, message: /it says that it is off/ });
  double.deaf = true;
  await t.throwsAsync(outlet.read?.(AbortSignal.timeout(300)) ?? Promise.resolve(), {
    instanceOf: DriverFailed,
    message: new RegExp(`the relay on ${double.path} .*no answer within the budget`),
  });
});

test('a line that isn’t there is told; bytes that are none are refused', async (t) => {
  const missing = await outletOn('/dev/no-such-line');
  await t.throwsAsync(missing.set('on', AbortSignal.timeout(budget)), { instanceOf: DriverFailed, message: /no-such-line/ });
  const { options } = await outlets.named('serial-relay');
  t.false(options.safeParse({ tty: '/dev/ttyUSB0', on: 'A0 1', off }).success);
});

test('one that can’t be asked is only told', async (t) => {
  const double = await relay();
  t.teardown(double.end);
  const outlet = await outletOn(double.path, {});
  t.false('read' in outlet);
  await outlet.set('on', AbortSignal.timeout(budget));
  while (!double.on) await new Promise((resolve) => setImmediate(resolve));
  t.is(double.powerOns, 1);
});
