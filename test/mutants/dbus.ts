import { everyPromiseOf } from './batches.ts';
import { background, beforeEngine, dropIn, editFile, editSupervisor, type Mutant, writableCopy } from './mutant.ts';

const busPolicy = '/etc/dbus-1/system.d/hostname-refused.conf';

const reloadBus = 'busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig';

/** Shell that forbids everybody a call on the system bus, which leaves out a file of its configuration that has a member without its interface. */
const deny = (destination: string, interfaceName: string, member: string) => {
  const rule = `<deny send_destination="${destination}" send_interface="${interfaceName}" send_member="${member}"/>`;
  return `${editFile(busPolicy, `s#</policy>#${rule}</policy>#`)} && ${reloadBus}`;
};

/** What the service image's init says when something in its container asked for an end. */
const askedInside = 'asked to end from inside';
const onceAskedInside = (command: string) =>
  background(`until grep -qs '${askedInside}' /mnt/data/docker/containers/*/*-json.log; do sleep 0.2; done; ${command}`);

/** What comes at or after the suite's first reboot, which ends all that was changed on the running device. */
const afterwards = everyPromiseOf('dbus', {
  but: [
    'dbus.socket-with-label',
    'dbus.no-socket-without-label',
    'dbus.timedate-properties',
    'dbus.timedate-zone',
    'dbus.timedate-clocks',
    'dbus.timedate-service',
    'dbus.stop-unit',
    'dbus.set-hostname-refused',
    'dbus.host-config-sets-hostname',
  ],
});

export const dbusMutants: readonly Mutant[] = [
  {
    promise: 'dbus.socket-with-label',
    name: 'old-place',
    how: 'The bus is at /host_run/dbus, where supervisors before 1.7.0 had it.',
    apply: editSupervisor('labels', 's#/run/dbus:/host/run/dbus#/run/dbus:/host_run/dbus#'),
    touches: everyPromiseOf('dbus', {
      but: ['dbus.socket-with-label', 'dbus.host-config-sets-hostname', 'dbus.supervisor-reboot-needs-key'],
    }),
  },
  {
    promise: 'dbus.no-socket-without-label',
    name: 'label-ignored',
    how: "Every container gets the host's bus.",
    apply: editSupervisor('labels', 's/if \\(asks\\("dbus"\\)\\)/if (true)/'),
  },
  {
    promise: 'dbus.timedate-properties',
    name: 'getall-denied',
    how: "The bus lets nobody read timedate1's properties.",
    apply: deny('org.freedesktop.timedate1', 'org.freedesktop.DBus.Properties', 'GetAll'),
    touches: ['dbus.timedate-zone', 'dbus.timedate-clocks', 'dbus.timedate-service'],
  },
  {
    promise: 'dbus.timedate-zone',
    name: 'local-hardware-clock',
    how: 'The hardware clock is said to keep local time in a zone that is not UTC.',
    apply: `${writableCopy('/etc')} && printf '0.0 0 0.0\\n0\\nLOCAL\\n' > /etc/adjtime && ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime && systemctl try-restart systemd-timedated.service`,
    touches: ['dbus.set-hostname-refused'],
  },
  {
    promise: 'dbus.timedate-clocks',
    name: 'hardware-clock-hidden',
    how: "timedate1 can't open the hardware clock, which the kernel has.",
    apply: 'rm -f /dev/rtc /dev/rtc0 && systemctl try-restart systemd-timedated.service',
  },
  {
    promise: 'dbus.timedate-service',
    name: 'service-unknown',
    how: "timedate1 doesn't know which unit is the time service.",
    // The whole list: an alias of the unit may have an entry of its own.
    apply:
      'mkdir -p /run/mutant-ntp-units.d && mount --bind /run/mutant-ntp-units.d /usr/lib/systemd/ntp-units.d && systemctl try-restart systemd-timedated.service',
  },
  {
    promise: 'dbus.stop-unit',
    name: 'manual-stop-refused',
    how: 'bluetooth.service refuses to be stopped by hand.',
    apply: dropIn('bluetooth.service', '[Unit]\nRefuseManualStop=yes'),
  },
  {
    promise: 'dbus.set-hostname-refused',
    name: 'hostname-writable',
    how: '/etc is writable and the bus lets everybody change the hostname.',
    apply: `${editFile(busPolicy, '/<deny/d')} && ${writableCopy('/etc')} && ${reloadBus} && systemctl try-restart systemd-hostnamed.service`,
    touches: ['dbus.timedate-properties', 'dbus.reboot', 'dbus.host-config-sets-hostname'],
  },
  {
    promise: 'dbus.host-config-sets-hostname',
    name: 'not-applied',
    how: 'config.json is written, but the OS no longer looks at it.',
    apply: 'systemctl stop config-json.path && systemctl mask --runtime config-json.service',
  },
  {
    promise: 'dbus.container-reboot-stays-inside',
    name: 'propagates',
    how: 'The host reboots when a container asks for it.',
    apply: onceAskedInside('systemctl reboot -ff'),
    touches: afterwards,
  },
  {
    promise: 'dbus.container-halt-stays-inside',
    name: 'propagates',
    how: 'The host halts when a container asks for it.',
    apply: onceAskedInside('systemctl halt -ff'),
    touches: afterwards,
  },
  {
    promise: 'dbus.container-shutdown-stays-inside',
    name: 'propagates',
    how: 'The host begins an orderly shutdown when a container asks for it.',
    apply: onceAskedInside('systemctl reboot'),
    touches: afterwards,
  },
  {
    promise: 'dbus.reboot',
    name: 'call-denied',
    how: 'The bus lets nobody call Manager.Reboot.',
    apply: deny('org.freedesktop.systemd1', 'org.freedesktop.systemd1.Manager', 'Reboot'),
    touches: ['dbus.reboot-is-orderly', 'dbus.reboot-happens-once', 'dbus.reboot-brings-services-back'],
  },
  {
    promise: 'dbus.reboot-is-orderly',
    name: 'reset-instead',
    how: 'The first thing that a shutdown does is to reset the machine.',
    // In the place of systemd-shutdown(8), which init becomes: Manager.Reboot stops no unit before that.
    apply:
      "printf '#!/bin/sh\\necho b >/proc/sysrq-trigger\\n' >/run/mutant-shutdown && chmod 755 /run/mutant-shutdown && " +
      'mount --bind /run/mutant-shutdown /usr/lib/systemd/systemd-shutdown',
    touches: afterwards,
  },
  {
    promise: 'dbus.reboot-happens-once',
    name: 'reboots-again',
    how: 'The first boot after a reboot ends in another one.',
    offline: [
      {
        path: '/usr/lib/systemd/system/sshd.socket.d/mutant.conf',
        content: [
          '[Socket]',
          // The first boot leaves a word, the second one takes it and reboots, the third one finds it taken.
          'ExecStartPost=/bin/sh -c \'case "$(cat /mnt/state/mutant)" in armed) echo done >/mnt/state/mutant; sync; systemctl --no-block reboot ;; "") echo armed >/mnt/state/mutant; sync ;; esac\'',
          '',
        ].join('\n'),
      },
    ],
    touches: afterwards,
  },
  {
    promise: 'dbus.reboot-brings-services-back',
    name: 'containers-made-anew',
    how: 'The engine forgets its containers at each boot, and the supervisor makes new ones.',
    offline: [beforeEngine('rm -rf /mnt/data/docker/containers/*')],
    touches: afterwards,
  },
  {
    promise: 'dbus.supervisor-reboot',
    name: 'status-200',
    how: 'POST /v1/reboot answers 200 instead of 202.',
    apply: editSupervisor('api-v1', 's/json\\(202, \\{ Data: "OK"/json(200, { Data: "OK"/'),
    touches: ['dbus.supervisor-reboot-needs-key'],
  },
  {
    promise: 'dbus.supervisor-reboot-needs-key',
    name: 'says-yes',
    how: 'POST /v1/reboot answers 202 to a caller with a wrong key.',
    apply: editSupervisor('http-api', "s#return bare\\(401\\);#return bare(url.pathname === '/v1/reboot' ? 202 : 401);#"),
  },
  {
    promise: 'dbus.supervisor-reboot-respects-lock',
    name: 'locks-unseen',
    how: 'The supervisor looks for update locks under another name.',
    apply: editSupervisor('update-locks', 's/\\["updates\\.lock", "resin-updates\\.lock"\\]/["update.lock"]/'),
    touches: ['dbus.supervisor-reboot', 'dbus.supervisor-reboot-force', 'dbus.supervisor-reboot-needs-key'],
  },
  {
    promise: 'dbus.supervisor-reboot-force',
    name: 'force-ignored',
    how: 'POST /v1/reboot pays no heed to force.',
    apply: editSupervisor('api-v1', 's/await power\\(action, isTruthy\\(body\\["force"\\]\\)\\)/await power(action, false)/'),
    touches: ['dbus.supervisor-reboot', 'dbus.supervisor-reboot-needs-key'],
  },
];
