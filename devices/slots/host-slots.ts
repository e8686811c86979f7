import type { Budgets } from '../budgets.ts';
import { AwaitedTooLong } from '../errors.ts';
import { ConnectionLost } from '../shell/errors.ts';
import { quoted } from '../shell/quoted.ts';
import type { Shell } from '../shell/shell.ts';
import type { Sticks } from '../sticks/sticks.ts';
import { observed } from '../waiting.ts';
import { faultCommands, shortenTimers } from './damage.ts';
import { InstallFailed, NothingInstalled } from './errors.ts';
import { readSlots, slotStateOf } from './read-state.ts';
import type { Slots } from './slots.ts';
import { updateFileDelivery } from './update-file.ts';

export interface HostSlotsOptions {
  host: Shell;
  sticks: Sticks | undefined;
  budgets: Budgets;
  /** Path on this side of a file for hostapp-update; undefined where there is none. */
  updateFile: () => Promise<string | undefined>;
}

const lookAgainEvery = 1_000;
/** The exit code by which the commands of damage.ts say that there is nothing to work on. */
const nothingThere = 44;

/** The two slots of a balenaOS, through a root shell on it. */
export function hostSlots({ host, sticks, budgets, updateFile }: HostSlotsOptions): Slots {
  const delivery = updateFileDelivery({ host, sticks, updateFile, arrivalBudget: budgets.boot });

  async function onInactive(what: string, command: string): Promise<void> {
    const { exitCode, stderr, stdout } = await host.run(command, { timeout: budgets.command });
    if (exitCode === 0) return;
    const nothing = exitCode === nothingThere;
    throw new NothingInstalled(
      `${what}: ${nothing ? 'the inactive slot holds nothing of the kind' : `exit code ${exitCode}, ${stderr.trim()}`}`,
      {
        blame: nothing ? 'test' : 'product',
        evidence: [{ kind: 'command', text: `$ ${command}\n${stdout}${stderr}` }],
        advice: nothing ? 'Install an update first: it is what fills the inactive slot.' : 'Is the inactive slot mounted writable?',
      },
    );
  }

  return {
    state: async () => slotStateOf(await readSlots(host)),
    deliverUpdate: () => delivery.deliver(),
    discardUpdate: () => delivery.discard(),
    async install(updatePath, options = {}) {
      const command = `hostapp-update -f ${quoted(updatePath)}`;
      const { exitCode, stdout, stderr } = await host.run(command, { timeout: budgets.slotInstall, ...options });
      if (exitCode === 0) return;
      throw new InstallFailed(`hostapp-update ended with exit code ${exitCode}: ${stderr.trim().split('\n').at(-1) ?? ''}`, {
        blame: 'product',
        evidence: [{ kind: 'command', text: `$ ${command}\n${stdout}${stderr}` }],
        advice: 'Its own words are in the evidence.',
      });
    },
    shortenHealthTimers: (options) => onInactive('shortening the health timers', shortenTimers(options)),
    damage: (fault) => onInactive(`breaking the inactive slot (${fault})`, faultCommands[fault]),
    settled: ({ timeout, signal }) =>
      observed({
        awaited: 'an end of the update or its rollback',
        budget: timeout,
        interval: lookAgainEvery,
        signal,
        blame: 'product',
        advice: 'The console and `journalctl -u rollback-health -u rollback-altboot` tell what the device is waiting for.',
        async look() {
          try {
            const report = await readSlots(host);
            const state = slotStateOf(report);
            if (report.busy === undefined && state.breadcrumbs.length === 0 && !state.loader.upgradeAvailable) return { found: state };
            return [JSON.stringify(state), report.busy].filter(Boolean).join(', ');
          } catch (error) {
            // Between two boots nothing answers; anything else that goes wrong is an answer.
            if (error instanceof AwaitedTooLong || error instanceof ConnectionLost) return error.message;
            throw error;
          }
        },
      }),
  };
}
