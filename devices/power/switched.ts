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
}

const usualOffFor = 2_000;
const lookAgainEvery = 200;

/**
 * A board's power by an outlet. Each set is read back until the switch says what was asked for; AwaitedTooLong tells what it says instead, DriverFailed how it
 * failed. A switch that can't be asked is believed: then the board's own console has to show what became of it.
 */
export function switched({ outlet, budget, offFor: ownOffFor = usualOffFor, onPowerOn }: SwitchedOptions): Power {
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

  return {
    on: () => ordered(() => set('on')),
    off: () => ordered(() => set('off')),
    cycle: ({ offFor = ownOffFor } = {}) =>
      ordered(async () => {
        await set('off');
        await pause(offFor);
        await set('on');
      }),
    state: read,
  };
}
