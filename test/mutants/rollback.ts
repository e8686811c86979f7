import { type Mutant, type OfflineEdit, quote, replaceInSupervisor, supervisorFile } from './mutant.ts';

const inactive = '/mnt/sysroot/inactive';
const loaderConfiguration = '/mnt/boot/grub.cfg';

/** Slot A's installer, for good: tests that come before may reboot. What it installs has a sound one. */
const inInstaller = (from: RegExp, to: string): OfflineEdit[] => [{ path: '/usr/bin/hostapp-update', replace: [from, to] }];

/** The installer changes the OS that it has written, before it is booted. */
const afterInstall = (command: string) => inInstaller(/^sync -f \/mnt\/sysroot\/inactive$/m, `${command}\nsync -f /mnt/sysroot/inactive`);
const editInactive = (path: string, edit: string) => afterInstall(`sed -i '${edit}' ${inactive}${path}`);

/** Shell that edits the loader's configuration on the boot partition, for good. @param edit of `sed -E`; one that changes nothing fails */
const editLoader = (edit: string) =>
  [
    `sed -E ${quote(edit)} ${loaderConfiguration} > /run/mutant-grub.cfg`,
    `! cmp -s /run/mutant-grub.cfg ${loaderConfiguration} || { echo "the edit of ${loaderConfiguration} changes nothing" >&2; exit 1; }`,
    `cp /run/mutant-grub.cfg ${loaderConfiguration}`,
    'sync',
  ].join(' && ');

/** As grub.cfg counts a new slot's attempts. */
const counting = 'if \\[ "\\$bootcount" = 0 \\]; then set bootcount=1; else set bootcount=2; fi';

const fallbacks = ['rollback.no-init-falls-back', 'rollback.no-init-is-reported', 'rollback.corrupt-kernel-falls-back'] as const;
const healthRollbacks = ['rollback.failing-health-rolls-back', 'rollback.failing-health-is-reported'] as const;
/** The update that works, which is the one after a rollback, too. */
const goodUpdate = [
  'rollback.update-after-rollback',
  'rollback.update-is-pending',
  'rollback.reboot-refused-while-pending',
  'rollback.update-boots-other-slot',
  'rollback.update-is-committed',
  'rollback.update-keeps-volumes',
  'rollback.update-shows-in-host-os-version',
] as const;
/** All that come to rest on a new OS, or on the one that installed it. */
const everyUpdate = [...fallbacks, ...healthRollbacks, 'rollback.update-after-rollback', 'rollback.power-cut-in-first-boot'] as const;

export const rollbackMutants: readonly Mutant[] = [
  {
    promise: 'rollback.update-is-pending',
    name: 'one-breadcrumb',
    how: "The installer leaves rollback-health's breadcrumb and forgets the other.",
    offline: inInstaller(/state_touch rollback-health-breadcrumb rollback-altboot-breadcrumb/, 'state_touch rollback-health-breadcrumb'),
    touches: fallbacks,
  },
  {
    promise: 'rollback.reboot-refused-while-pending',
    name: 'status-409',
    how: 'The refusal is 409 instead of 423.',
    offline: [replaceInSupervisor('api-v1', /UpdatesLocked \? 423/, 'UpdatesLocked ? 409')],
  },
  {
    promise: 'rollback.update-boots-other-slot',
    name: 'commits-the-old-slot',
    how: 'A new OS that is committed states the old slot as the one that boots: it would not stay.',
    offline: editInactive('/usr/libexec/slot-functions', '/^rollback_stop/,/^}/s/running_part/other_part/'),
    touches: everyUpdate,
  },
  {
    promise: 'rollback.update-is-committed',
    name: 'result-left',
    how: 'A new OS that is committed leaves the result file of a fall-back.',
    offline: editInactive('/usr/libexec/slot-functions', '/^rollback_stop/a state_touch rollback-altboot-triggered'),
    touches: everyUpdate,
  },
  {
    promise: 'rollback.update-keeps-volumes',
    name: 'wiped-by-the-new-os',
    how: 'The new OS wipes named volumes as its engine starts.',
    offline: afterInstall(
      `unit=${inactive}/usr/lib/systemd/system/balena.service.d; mkdir -p $unit; echo "[Service]" >$unit/mutant.conf; ` +
        `echo "ExecStartPre=-/bin/sh -c 'rm -rf /mnt/data/docker/volumes/*/_data/*'" >>$unit/mutant.conf`,
    ),
  },
  {
    promise: 'rollback.update-shows-in-host-os-version',
    name: 'another-version',
    how: "The new OS's supervisor says another version than its os-release.",
    offline: editInactive(supervisorFile, 's/"HOST_OS_VERSION", facts.osVersion/"HOST_OS_VERSION", "balenaOS 1.0.0"/'),
  },
  {
    promise: 'rollback.layout',
    name: 'label-changed',
    how: "resin-state's file system has another label.",
    apply: 'tune2fs -L resin-other "$(readlink -f /dev/disk/by-partlabel/resin-state)"',
  },
  {
    promise: 'rollback.no-init-falls-back',
    name: 'one-attempt-more',
    how: 'The loader tries a broken slot twice before it boots the old one.',
    apply: editLoader(
      `s/${counting}/if [ "$bootcount" = 0 ]; then set bootcount=1; elif [ "$bootcount" = 1 ]; then set bootcount=3; else set bootcount=2; fi/`,
    ),
  },
  {
    promise: 'rollback.no-init-is-reported',
    name: 'reported-as-health',
    how: "A fall-back leaves rollback-health's result file instead of rollback-altboot's.",
    offline: [{ path: '/usr/bin/rollback-altboot', replace: [/rollback-altboot-triggered/, 'rollback-health-triggered'] }],
    touches: ['rollback.corrupt-kernel-falls-back', 'rollback.power-cut-in-first-boot'],
  },
  {
    promise: 'rollback.root-is-read-only',
    name: 'remounted',
    how: 'The root file system is mounted read-write.',
    apply: 'mount -o remount,rw /',
  },
  {
    promise: 'rollback.power-cut-while-writing',
    name: 'marked-before-written',
    how: 'The installer tells the loader of the new slot before it has written it.',
    offline: inInstaller(
      /^(?=echo "hostapp-update: writing)/m,
      'set_loader "$other_part" 1; state_touch rollback-health-breadcrumb rollback-altboot-breadcrumb\n',
    ),
    // The device then starts a slot that is half written, and falls back from it.
    touches: goodUpdate,
  },
  {
    promise: 'rollback.failing-health-rolls-back',
    name: 'into-itself',
    how: 'A new OS that gives up states itself as the slot that boots next.',
    offline: editInactive('/usr/bin/rollback-health', 's/set_loader "$other_part" 0/set_loader "$running_part" 0/'),
    // The device comes to rest on the OS that it should have given up.
    touches: [...goodUpdate, 'rollback.failing-health-is-reported', 'rollback.power-cut-in-first-boot'],
  },
  {
    promise: 'rollback.failing-health-is-reported',
    name: 'reported-as-altboot',
    how: "A roll-back for health leaves rollback-altboot's result file instead of its own.",
    offline: editInactive('/usr/bin/rollback-health', 's/rollback-health-triggered/rollback-altboot-triggered/'),
    touches: goodUpdate,
  },
  {
    promise: 'rollback.update-after-rollback',
    name: 'one-update-only',
    how: 'The loader tries a new slot once in its life; after that it boots the old one at once.',
    apply: editLoader(
      `s/(load_env .* bootcount)/\\1 tried/; s/(save_env .* bootcount)/\\1 tried/; ` +
        `s/${counting}/if [ "$bootcount" = 0 -a "$tried" != 1 ]; then set bootcount=1; set tried=1; else set bootcount=2; fi/`,
    ),
    touches: [...goodUpdate, ...fallbacks],
  },
  {
    promise: 'rollback.power-cut-in-first-boot',
    name: 'count-left',
    how: "A fall-back leaves the loader's count: nothing is pending and still it isn't 0.",
    offline: [{ path: '/usr/bin/rollback-altboot', replace: [/\nrollback_stop\n/, '\nrollback_stop\nset_bootcount 1\n'] }],
    // After a good update it is another OS that finishes the fall-back.
    touches: [...goodUpdate, 'rollback.no-init-is-reported', 'rollback.corrupt-kernel-falls-back'],
  },
  {
    promise: 'rollback.corrupt-kernel-falls-back',
    name: 'silent',
    how: "A loader that can't read the new slot's kernel goes back to the old slot for good, and nothing tells of it.",
    apply: editLoader(
      '/^echo "loader: the kernel of slot/i if [ "$upgrade_available" = 1 ]; then if [ "$resin_root_part" = 2 ]; then set resin_root_part=3; else set resin_root_part=2; fi; ' +
        'set upgrade_available=0; set bootcount=0; save_env -f ($root)/grubenv resin_root_part upgrade_available bootcount; fi',
    ),
  },
];
