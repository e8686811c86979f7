import type { Budgets } from '../budgets.ts';
import type { DeviceParts } from '../device.ts';
import { DeviceError } from '../errors.ts';
import type { PowerState } from '../power/power.ts';
import type { Shell } from '../shell/shell.ts';
import { NeverCameBack } from './errors.ts';
import { lastWords, type LastWords } from './last-words.ts';

export interface Absence {
  /** What was asked of the device, as it reads after “asked for”. */
  asked: string;
  /** Epoch milliseconds. */
  askedAt: number;
  /** End of the console log then. */
  from: number;
  budget: number;
  cause: unknown;
}

/** Tells how far a device got that doesn't answer, and cuts its power once to learn whether the board itself is sound. */
export async function neverCameBack(
  parts: Pick<DeviceParts, 'id' | 'console' | 'power' | 'markDirty'>,
  host: Shell,
  budgets: Budgets,
  { asked, askedAt, from, budget, cause }: Absence,
): Promise<NeverCameBack> {
  // 1. What is known before anything is done to it.
  const power = await parts.power.state();
  const words = await lastWords(parts.console, from);
  const [boot] = (await parts.console.boots({ from })).slice(-1);
  const reached = boot?.stages.at(-1)?.name;

  // 2. The one thing that tells a sick OS from a sick board.
  const cycledFrom = await parts.console.mark();
  const recovery = await powerCycle(parts, host, budgets);
  const silent = (await parts.console.mark()) === cycledFrom;
  if (!recovery.boots) await parts.markDirty(`${parts.id} doesn’t boot`);

  // 3. A board without power, or that says nothing even at power-on, is the lab's; any other is the OS's.
  const infra = power === 'off' || (!recovery.boots && silent);
  return new NeverCameBack(
    [
      `asked for ${asked} at ${clockTime(askedAt)}; ${silenceOf(words)}`,
      reached === undefined
        ? `and no loader, kernel or login followed within the boot budget (${seconds(budget)})`
        : `and the boot got no further than ${reached} within its budget (${seconds(budget)})`,
      powerWords[power],
      `tried: power cycle at ${clockTime(recovery.at)} → ${recovery.outcome}`,
    ].join('\n  '),
    {
      blame: infra ? 'infra' : 'product',
      evidence: words.evidence,
      advice: infra
        ? 'Look at the board’s power, its boot medium and the wires of its console.'
        : recovery.boots
          ? 'The console from the request on shows where the boot stopped; the device answers again.'
          : 'The console shows where the boot stops; the next lease starts from a fresh image.',
      cause,
    },
  );
}

interface Recovery {
  at: number;
  boots: boolean;
  outcome: string;
}

async function powerCycle({ console, power }: Pick<DeviceParts, 'console' | 'power'>, host: Shell, budgets: Budgets): Promise<Recovery> {
  const at = Date.now();
  try {
    await console.announceReset();
    await power.cycle();
    await host.ready({ timeout: budgets.boot });
    return { at, boots: true, outcome: 'boots again: the board is sound, what was asked for isn’t' };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return { at, boots: false, outcome: `doesn’t boot either: ${error.message}` };
  }
}

function silenceOf({ at, line }: LastWords): string {
  return at === undefined ? 'the console said nothing from then on' : `the console’s last word came at ${clockTime(at)}:\n      ${line}`;
}

const powerWords: Record<PowerState, string> = {
  on: 'power is on (read back)',
  off: 'power is off (read back), though nobody switched it',
  unknown: 'the power switch can’t tell its state',
};

function clockTime(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}
