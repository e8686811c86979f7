import type { Shell } from '../shell/shell.ts';
import { UnknownSlotLayout } from './errors.ts';
import type { LoaderLayout } from './layout.ts';
import { breadcrumbs, rollbackResults, type SlotState } from './slots.ts';

/** What the device says of its slots, before anybody judges it. */
export interface SlotReport {
  /** File-system label or partition name of what is mounted at the active slot's place. */
  label: string;
  loaderText: string;
  /** Names of files in /mnt/state. */
  files: string[];
  osVersion: string;
  /** A rollback unit is at work, or the system is on its way down. */
  busy: string | undefined;
}

/** Lines between marks: one round trip for all of it, and each part as its file has it. */
function command(layout: LoaderLayout): string {
  return [
    'source=$(findmnt -n -o SOURCE /mnt/sysroot/active || findmnt -n -o SOURCE /)',
    'source=$(readlink -f "$source")',
    'echo "@label"; blkid -s LABEL -o value "$source" || lsblk -n -o LABEL "$source"',
    `echo "@loader"; for file in ${layout.files.join(' ')}; do if [ -f "$file" ]; then cat "$file"; break; fi; done; echo`,
    `echo "@files"; cd /mnt/state && for file in ${[...breadcrumbs, ...rollbackResults].join(' ')}; do if [ -e "$file" ]; then echo "$file"; fi; done`,
    'echo "@version"; . /etc/os-release; echo "$PRETTY_NAME"',
    'echo "@busy"; for unit in rollback-health rollback-altboot; do state=$(systemctl is-active "$unit.service"); case $state in activating|deactivating) echo "$unit.service is $state";; esac; done',
    'case $(systemctl is-system-running) in stopping) echo "the system is stopping";; esac; true',
  ].join('\n');
}

export async function readSlots(host: Shell, layout: LoaderLayout): Promise<SlotReport> {
  const said = await host.check(command(layout));
  const part = (name: string) => new RegExp(`^@${name}\\n([^]*?)(?=^@|$(?![^]))`, 'm').exec(said)?.[1]?.trim() ?? '';
  return {
    label: part('label'),
    loaderText: part('loader'),
    files: part('files').split('\n').filter(Boolean),
    osVersion: part('version'),
    busy: part('busy') || undefined,
  };
}

export function slotStateOf(report: SlotReport, layout: LoaderLayout): SlotState {
  const active = /(?:resin|balena)-root([AB])$/.exec(report.label)?.[1];
  if (active !== 'A' && active !== 'B') {
    throw new UnknownSlotLayout(`the running root file system has the label “${report.label}”, neither resin-rootA nor resin-rootB`, {
      blame: 'product',
      advice: 'Is this a balenaOS image since 2.0.0?',
    });
  }
  if (report.loaderText === '') {
    throw new UnknownSlotLayout(`no variables of ${layout.name} on the boot partition: ${layout.files.join(', ')}`, {
      blame: 'product',
      advice: 'Another loader has another layout: see devices/slots/layout.ts.',
    });
  }
  return {
    active,
    loader: layout.parse(report.loaderText),
    breadcrumbs: breadcrumbs.filter((name) => report.files.includes(name)),
    results: rollbackResults.filter((name) => report.files.includes(name)),
    osVersion: report.osVersion,
  };
}
