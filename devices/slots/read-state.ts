import type { Shell } from '../shell/shell.ts';
import { UnknownSlotLayout } from './errors.ts';
import { loaders, parseVariables } from './loaders.ts';
import { breadcrumbs, rollbackResults, type SlotState } from './slots.ts';

/** What the device says of its slots, before anybody judges it. */
export interface SlotReport {
  /** File-system label or partition name of what is mounted at the active slot's place. */
  label: string;
  /** Name of the boot loader whose files are there; undefined where there are none. */
  loader: string | undefined;
  loaderText: string;
  /** Names of files in /mnt/state. */
  files: string[];
  osVersion: string;
  /** A rollback unit is at work, or the system is on its way down. */
  busy: string | undefined;
}

/** The variables of the first loader whose file is there, under its name. */
const loaderVariables = [
  'variables() {',
  ...loaders.map(({ name, files, alongside }) => {
    const further = alongside.map((file) => ` "\${file%/*}/${file}"`).join('');
    return `for file in ${files.join(' ')}; do if [ -f "$file" ]; then echo "@loader ${name}"; cat "$file"${further} 2>/dev/null; return; fi; done`;
  }),
  '}; variables; echo',
].join('\n');

/** Lines between marks: one round trip for all of it, and each part as its file has it. */
const command = [
  'source=$(findmnt -n -o SOURCE /mnt/sysroot/active || findmnt -n -o SOURCE /)',
  'source=$(readlink -f "$source")',
  'echo "@label"; blkid -s LABEL -o value "$source" || lsblk -n -o LABEL "$source"',
  loaderVariables,
  `echo "@files"; cd /mnt/state && for file in ${[...breadcrumbs, ...rollbackResults].join(' ')}; do if [ -e "$file" ]; then echo "$file"; fi; done`,
  'echo "@version"; . /etc/os-release; echo "$PRETTY_NAME"',
  'echo "@busy"; for unit in rollback-health rollback-altboot; do state=$(systemctl is-active "$unit.service"); case $state in activating|deactivating) echo "$unit.service is $state";; esac; done',
  'case $(systemctl is-system-running) in stopping) echo "the system is stopping";; esac; true',
].join('\n');

export async function readSlots(host: Shell): Promise<SlotReport> {
  const said = await host.check(command);
  const part = (name: string) => new RegExp(`^@${name}(?: .*)?\\n([^]*?)(?=^@|$(?![^]))`, 'm').exec(said)?.[1]?.trim() ?? '';
  return {
    label: part('label'),
    loader: /^@loader (.*)$/m.exec(said)?.[1],
    loaderText: part('loader'),
    files: part('files').split('\n').filter(Boolean),
    osVersion: part('version'),
    busy: part('busy') || undefined,
  };
}

export function slotStateOf(report: SlotReport): SlotState {
  const active = /(?:resin|balena)-root([AB])$/.exec(report.label)?.[1];
  if (active !== 'A' && active !== 'B') {
    throw new UnknownSlotLayout(`the running root file system has the label “${report.label}”, neither resin-rootA nor resin-rootB`, {
      blame: 'product',
      advice: 'Is this a balenaOS image since 2.0.0?',
    });
  }
  const loader = loaders.find(({ name }) => name === report.loader);
  if (loader === undefined) {
    const places = loaders.flatMap(({ name, files }) => files.map((file) => `${file} (${name})`));
    throw new UnknownSlotLayout(`no variables of a boot loader on the boot partition: ${places.join(', ')}`, {
      blame: 'product',
      advice: 'Another loader keeps them elsewhere: see devices/slots/loaders.ts.',
    });
  }
  return {
    active,
    loader: parseVariables(loader, report.loaderText),
    breadcrumbs: breadcrumbs.filter((name) => report.files.includes(name)),
    results: rollbackResults.filter((name) => report.files.includes(name)),
    osVersion: report.osVersion,
    attemptsBeforeFallback: loader.attemptsBeforeFallback,
  };
}
