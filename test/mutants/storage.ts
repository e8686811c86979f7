import { editSupervisor, type Mutant, quote } from './mutant.ts';

/*
 * The service image's own scripts do the mounting, so most of what can be wrong with a device shows at one place: mount(8) in a
 * container doesn't do what it is told. The supervisor of these devices puts a wrapper over it in every container, and each mutant
 * adds its fault. The files are on the data partition: a container that is started again must find them.
 */

const directory = '/mnt/data/mutant';

/** `$*` and `$@` are mount's arguments, `$place` the last of them: the mount point. */
const wrapper = [
  '#!/bin/sh',
  'refuse() { echo "mount: $1" >&2; exit 32; }',
  'for place; do :; done',
  'for fault in /mutant/faults/*; do . "$fault"; done',
  'exec /mutant/mount "$@"',
];

const wrapped = `'/usr/bin/mount:/mutant/mount:ro', '${directory}/faults:/mutant/faults:ro', '${directory}/mount:/bin/mount:ro'`;

/** Shell that prints lines. */
const lines = (texts: readonly string[]) => `printf '%s\\n' ${texts.map(quote).join(' ')}`;

/** Shell that makes mount in every container go wrong. @param name of the fault @param fault shell, as above */
function faultyMount(name: string, fault: string): string {
  const edit = editSupervisor('service-spec', `s#\\.\\.\\.mounts\\.binds, \\.\\.\\.features\\.binds#&, ${wrapped}#`);
  const once = `[ -e ${directory}/mount ] || { ${lines(wrapper)} > ${directory}/mount && chmod 755 ${directory}/mount && ${edit}; }`;
  return `mkdir -p ${directory}/faults && ${lines([fault])} > ${directory}/faults/${name} && ${once}`;
}

/** Where the scripts mount a labelled stick: /mnt/storage-usb-<label>-<uuid>. */
const labelled = { vfat: '-????-????', ext4: '-????????-????-????-????-????????????' } as const;
/** As the automount's script calls it: mount -t TYPE -o OPTIONS DEVICE PLACE. */
const automountOf = (type: string, then: string) => `case "$1 $2" in "-t ${type}") ${then} ;; esac`;
const longLabel = (type: keyof typeof labelled) =>
  automountOf(type, `case $place in /mnt/storage-usb-?????????*${labelled[type]}) refuse "a label of more than eight letters" ;; esac`);

export const storageMutants: readonly Mutant[] = [
  {
    promise: 'storage.vfat-automounts',
    name: 'long-labels-refused',
    how: 'A vfat stick with a label of more than eight letters is refused.',
    apply: faultyMount('vfat', longLabel('vfat')),
    touches: ['storage.written-is-on-the-stick'],
  },
  {
    promise: 'storage.ext4-automounts',
    name: 'long-labels-refused',
    how: 'An ext4 stick with a label of more than eight letters is refused.',
    apply: faultyMount('ext4', longLabel('ext4')),
    touches: ['storage.written-is-on-the-stick'],
  },
  {
    promise: 'storage.written-is-on-the-stick',
    name: 'read-only',
    how: 'ext4 sticks are mounted read-only, whatever is asked for.',
    apply: faultyMount('written', automountOf('ext4', 'shift 4; set -- -t ext4 -o ro "$@"')),
    touches: ['storage.ext4-automounts'],
  },
  {
    promise: 'storage.pulled-is-unmounted',
    name: 'mount-point-stays',
    how: 'A hidden file below a vfat stick keeps its mount point from being removed.',
    apply: faultyMount('pulled', automountOf('vfat', `case $place in *${labelled.vfat}) : > "$place/.hidden" ;; esac`)),
    touches: [
      'storage.vfat-automounts',
      'storage.written-is-on-the-stick',
      'storage.yank-while-writing',
      'storage.mount-by-label',
      'storage.mount-by-uuid',
      'storage.mount-by-name',
    ],
  },
  {
    promise: 'storage.mount-by-label',
    name: 'label-unknown',
    how: 'mount finds no stick by its label.',
    apply: faultyMount('by-label', `case $1 in -L) refuse "can't find LABEL=$2" ;; esac`),
  },
  {
    promise: 'storage.mount-by-uuid',
    name: 'uuid-unknown',
    how: 'mount finds no stick by its UUID.',
    apply: faultyMount('by-uuid', `case $1 in -U) refuse "can't find UUID=$2" ;; esac`),
  },
  {
    promise: 'storage.mount-by-name',
    name: 'type-wanted',
    how: 'mount by device name wants to be told the file system.',
    apply: faultyMount('by-name', 'case $1 in /dev/*) refuse "you must specify the filesystem type" ;; esac'),
  },
  {
    promise: 'storage.no-label',
    name: 'label-wanted',
    how: 'A stick without a label is refused.',
    apply: faultyMount('no-label', 'case $place in /mnt/storage-usb-????-????) refuse "no label" ;; esac'),
  },
  {
    promise: 'storage.two-sticks',
    name: 'one-kind-at-a-time',
    how: 'Beside a vfat stick none with ext4 is mounted.',
    apply: faultyMount('two', automountOf('ext4', `! grep -q '^/dev/sd[^ ]* [^ ]* vfat ' /proc/mounts || refuse "busy"`)),
  },
  {
    promise: 'storage.same-label-twice',
    name: 'second-passed-over',
    how: 'A second stick of a label is refused.',
    apply: faultyMount(
      'same-label',
      // One after the other, until mount itself has ended: two that come at the same moment would not see each other.
      `exec 9>/run/mutant-turn; busybox flock 9; case $place in /mnt/storage-usb-*${labelled.vfat}) ! grep -q " \${place%${labelled.vfat}}-" /proc/mounts || refuse "this label is mounted" ;; esac`,
    ),
  },
  {
    promise: 'storage.present-at-boot',
    name: 'not-authorised',
    how: 'What is in a USB port when the device boots is not authorised, only what comes later.',
    offline: [
      { path: '/etc/modprobe.d/mutant.conf', content: 'options usbcore authorized_default=0\n' },
      {
        path: '/usr/lib/systemd/system/balena-supervisor.service.d/mutant.conf',
        content: [
          '[Service]',
          // The supervisor may be up before the USB hubs are. A stick of QEMU's (vendor 46f4) that is in a port is waited for, five seconds at most: there may be none.
          "ExecStartPost=/bin/sh -c 'until [ -e /sys/bus/usb/devices/usb2/authorized_default ]; do sleep 0.2; done; n=0; until grep -qsx 46f4 /sys/bus/usb/devices/*/idVendor || [ $n = 25 ]; do n=$((n+1)); sleep 0.2; done; for hub in /sys/bus/usb/devices/usb*/authorized_default; do echo 1 >$hub; done'",
          '',
        ].join('\n'),
      },
    ],
  },
  {
    promise: 'storage.yank-while-writing',
    name: 'once-only',
    how: 'A stick is mounted once and never again.',
    apply: faultyMount(
      'once',
      'case $place in /mnt/storage-*) seen=/var/tmp/${place##*/}; [ ! -e "$seen" ] || refuse "seen before"; : > "$seen" ;; esac',
    ),
    touches: ['storage.present-at-boot'],
  },
  {
    promise: 'storage.needs-udev-on',
    name: 'always-on',
    how: 'Every service gets UDEV=on, whatever it says.',
    apply: editSupervisor('environment', "s/\\.\\.\\.documented, \\.\\.\\.own/&, UDEV: 'on'/"),
    touches: ['storage.mount-is-private'],
  },
  {
    promise: 'storage.needs-privileges',
    name: 'all-privileged',
    how: 'Every container is privileged.',
    apply: editSupervisor('service-spec', 's/NetworkMode: networkMode,/Privileged: true, &/'),
    touches: ['storage.mount-is-private'],
  },
  {
    promise: 'storage.mount-is-private',
    name: 'shared-mnt',
    how: "All containers share one /mnt, and each other's mount points in it.",
    // Without `rshared`: the engine then makes the container's root shared, too, from which nothing can be moved, and so no udev runs in it.
    apply: editSupervisor('service-spec', "s#\\.\\.\\.mounts\\.binds, \\.\\.\\.features\\.binds#&, '/run/mutant-shared:/mnt'#"),
    touches: ['storage.needs-udev-on', 'storage.needs-privileges'],
  },
  {
    promise: 'storage.unsupported-filesystem',
    name: 'empty-stand-in',
    how: "In the place of a btrfs stick, which the kernel doesn't know, an empty file system is mounted.",
    apply: faultyMount('unsupported', automountOf('btrfs', 'shift 4; set -- -t tmpfs "$@"')),
  },
];
