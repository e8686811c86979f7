import { contractTests, type DeclareTest } from '../every.contract.ts';
import type { Power } from './power.ts';

export interface PowerUnderTest {
  power: Power;
  /** How often the board was powered on since it was made, as the board itself can tell. */
  powerOns: () => number;
  release: () => Promise<void>;
}

/** What any power switch promises. @param make gives a switch whose board is off. */
export function powerContract(test: DeclareTest, name: string, make: () => Promise<PowerUnderTest>): void {
  const contract = contractTests(test, name, make);

  contract('reads back what it did', async (t, { power }) => {
    t.is(await power.state(), 'off');
    await power.on();
    t.is(await power.state(), 'on');
    await power.off();
    t.is(await power.state(), 'off');
  });

  contract('a second on or off changes nothing', async (t, { power, powerOns }) => {
    await power.off();
    t.is(await power.state(), 'off');
    await power.on();
    await power.on();
    t.is(await power.state(), 'on');
    t.is(powerOns(), 1);
  });

  contract('a cycle powers the board on anew', async (t, { power, powerOns }) => {
    await power.on();
    await power.cycle({ offFor: 10 });
    t.is(await power.state(), 'on');
    t.is(powerOns(), 2);
  });

  contract('a cycle of a board that is off ends with it on', async (t, { power, powerOns }) => {
    await power.cycle();
    t.is(await power.state(), 'on');
    t.is(powerOns(), 1);
  });

  contract('calls take effect in their order', async (t, { power, powerOns }) => {
    await Promise.all([power.on(), power.off(), power.cycle(), power.off(), power.on()]);
    t.is(await power.state(), 'on');
    t.is(powerOns(), 3);
    await Promise.all([power.cycle(), power.off()]);
    t.is(await power.state(), 'off');
  });
}
