import { dirname } from 'node:path';
import type { SlotFault } from './slots.ts';

/** Where the file system of the inactive slot is mounted as soon as somebody looks. */
export const inactive = '/mnt/sysroot/inactive';

/**
 * Real timers take about 16 minutes; the genuine tests shorten them in the same way, to three checks. A sound OS needs more of them here: on a busy host an
 * emulated one was seen healthy only 15 s after its first check.
 */
const patientChecks = 32;
const secondsBetweenChecks = 1;
/** Read by the reference OS before it reboots out of a rollback, for which balenaOS waits 10 s; balenaOS ignores the file. */
const delayFile = '/mnt/state/root-overlay/etc/default/rollback';

/** `find` in an OS's file system: a plain tree on the reference OS, layers of a container image on balenaOS. */
const findInactive = (path: string) => `find ${inactive} -path '${path}' -type f`;

/** Exit code 44: no update is installed. */
export function shortenTimers({ checks = patientChecks }: { checks?: number } = {}): string {
  return [
    `scripts=$(${findInactive('*bin/rollback-health')})`,
    '[ -n "$scripts" ] || exit 44',
    'for script in $scripts; do',
    `  sed -i 's/^COUNT=.*/COUNT=${checks}/; s/^TIMEOUT=.*/TIMEOUT=${secondsBetweenChecks}/' "$script" || exit 1`,
    `  grep -q '^COUNT=${checks}$' "$script" && grep -q '^TIMEOUT=${secondsBetweenChecks}$' "$script" || exit 45`,
    'done',
    `mkdir -p ${dirname(delayFile)} && echo REBOOT_DELAY=1 >${delayFile} || exit 1`,
    `sync -f ${inactive} && sync -f ${delayFile}`,
  ].join('\n');
}

/**
 * What each fault does to the inactive slot. Exit code 44: there is nothing there to break.
 * Source: meta-balena's hup suite deletes current/boot/init, and makes balena-engine useless.
 */
export const faultCommands: Record<SlotFault, string> = {
  'no-init': [
    `init=${inactive}/current/boot/init`,
    '[ -e "$init" ] || [ -L "$init" ] || exit 44',
    'rm "$init"',
    `sync -f ${inactive}`,
    '[ ! -e "$init" ]',
  ].join('\n'),
  // The setup header goes with it: a loader refuses such a file at once, and no decompressor hangs in it.
  'corrupt-kernel': [
    `for kernel in ${inactive}/current/boot/bzImage ${inactive}/current/boot/vmlinuz ${inactive}/current/boot/Image*; do`,
    '  [ -f "$kernel" ] || continue',
    '  dd if=/dev/zero of="$kernel" bs=1024 count=64 conv=notrunc,fsync && exit 0',
    '  exit 1',
    'done',
    'exit 44',
  ].join('\n'),
  'failing-health': [
    `scripts=$(${findInactive('*/balena-healthcheck')})`,
    '[ -n "$scripts" ] || exit 44',
    'for script in $scripts; do',
    // Over the old content, so that owner and mode stay.
    `  printf '#!/bin/sh\\necho "broken on purpose"\\nexit 1\\n' >"$script" || exit 1`,
    'done',
    `sync -f ${inactive}`,
  ].join('\n'),
};
