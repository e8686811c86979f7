import { setTimeout as pause } from 'node:timers/promises';
import { observed } from '../waiting.ts';
import { inOrder } from './in-order.ts';
import type { Outlet } from './outlet.ts';
import type { Power, PowerState } from './power.ts';

export interface SwitchedOptions {
  outlet: Outlet;
  /** Milliseconds that one call of the driver, and that a switch's word of what it did may take. */
  budget: number;
  /** Milliseconds without power in a cycle. Default 2000: until a board's capacitors are empty. */
  offFor?: number;
  /** Called before the power goes on, so that the first byte of a boot belongs to it. */
  onPowerOn?: () => Promise<void>;
  /** The board's own word: what it does that takes power, as it reads after “but”; undefined where nothing is seen of it. Default: there is none to ask. */
  signOfLife?: () => Promise<string | undefined>;
}

const usualOffFor = 2_000;
const lookAgainEvery = 200;

/**
 * A board's power by an outlet. Each set is read back until the switch says what was asked for; AwaitedTooLong tells what it says instead, DriverFailed how it
 * failed. A switch that can't be asked is believed. After a cut the board itself is a witness: one that shows a sign of life has power, whatever the switch
 * says. That it has none after power-on, the wait for its boot will tell.
 */
export function switched({ outlet, budget, offFor: ownOffFor = usualOffFor, onPowerOn, signOfLife }: SwitchedOptions): Power {
  const ordered = inOrder();
  let last: PowerState = 'unknown';
  const read = async (): Promise<PowerState> => (outlet.read === undefined ? last : outlet.read(AbortSignal.timeout(budget)));

  const set = async (wanted: 'on' | 'off') => {
    if ((await read()) === wanted) return;
    if (wanted === 'on') await onPowerOn?.();
    await outlet.set(wanted, AbortSignal.timeout(budget));
    last = wanted;
    await observed({
      awaited: `${outlet.name} to be ${wanted}`,
      budget,
      interval: lookAgainEvery,
      blame: 'infra',
      advice:
        'The switch took the order and did not follow it: a relay that sticks, a schedule or a lock of its own, or another outlet than was meant.',
      async look() {
        const seen = await read();
        return seen === wanted ? { found: undefined } : `it says that it is ${seen}`;
      },
    });
  };

  const demandDead = async () => {
    await observed({
      awaited: `a board without power at ${outlet.name}`,
      budget,
      interval: lookAgainEvery,
      blame: 'infra',
      advice: 'Another cable feeds the board (UART, HDMI, USB), the switch cuts only data, its relay sticks, or another outlet was meant.',
      async look() {
        const seen = await signOfLife?.();
        return seen === undefined ? { found: undefined } : `the switch says ${await read()}, but ${seen}`;
      },
    });
  };

  return {
    on: () => ordered(() => set('on')),
    off: () =>
      ordered(async () => {
        await set('off');
        await demandDead();
      }),
    cycle: ({ offFor = ownOffFor } = {}) =>
      ordered(async () => {
        await set('off');
        const since = performance.now();
        await demandDead();
        await pause(Math.max(0, since + offFor - performance.now()));
        await set('on');
      }),
    state: read,
  };
}
