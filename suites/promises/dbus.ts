import type { SuitePromises } from './promise.ts';

const runtime = 'communicate-outside-container';
const dbusSection = { document: runtime, section: 'Dbus communication with host OS' } as const;
const rebootSection = { document: runtime, section: 'Rebooting the Device' } as const;
const timeSection = { document: runtime, section: 'Checking if device time is NTP synchronized' } as const;
const insideSection = { document: runtime, section: 'Reboot from Inside the Container' } as const;
const apiReboot = { document: 'supervisor-api', section: 'POST /v1/reboot' } as const;
const hostConfig = { document: 'supervisor-api', section: 'PATCH /v1/device/host-config' } as const;

export const dbusPromises = {
  'socket-with-label': {
    statement: "With the dbus label the host's system bus socket is at /host/run/dbus/system_bus_socket in the container.",
    source: dbusSection,
    versions: { supervisor: { since: '1.7.0' } },
  },
  'no-socket-without-label': { statement: "Without the dbus label a container has no way to the host's bus.", source: dbusSection },
  reboot: { statement: 'Manager.Reboot called from a container reboots the host: one new boot_id.', source: rebootSection },
  'reboot-is-orderly': {
    statement: 'That reboot is an orderly shutdown: the console tells of it, and the file systems need no recovery afterwards.',
    source: rebootSection,
  },
  'reboot-happens-once': { statement: 'That reboot is followed by no second one.', source: rebootSection },
  'reboot-brings-services-back': {
    statement: 'After that reboot the same containers run again by themselves.',
    source: rebootSection,
  },
  'stop-unit': {
    statement: 'Manager.StopUnit called from a container stops a unit of the host, as bluetooth.service.',
    source: dbusSection,
  },
  'set-hostname-refused': {
    statement: "A container can't change the host's name over D-Bus: SetStaticHostname is refused, and SetHostname is without effect.",
    source: { document: runtime, section: 'Change the Device hostname' },
  },
  'host-config-sets-hostname': {
    statement: 'PATCH /v1/device/host-config changes the hostname in config.json and on the host.',
    source: hostConfig,
    versions: { supervisor: { since: '6.6.0' } },
  },
  'timedate-properties': {
    statement: 'GetAll of timedate1 has the seven documented properties, each of its documented D-Bus type.',
    source: timeSection,
  },
  'timedate-zone': { statement: "Timezone and LocalRTC agree with the host's own files: UTC.", source: timeSection },
  'timedate-clocks': { statement: "TimeUSec is the host's clock and RTCTimeUSec its hardware clock.", source: timeSection },
  'timedate-service': { statement: 'CanNTP and NTP tell that the host has a time service and that it is on.', source: timeSection },
  'container-reboot-stays-inside': { statement: 'A `reboot` inside a container does not reboot the host.', source: insideSection },
  'container-halt-stays-inside': { statement: 'A `halt` inside a container does not halt the host.', source: insideSection },
  'container-shutdown-stays-inside': { statement: 'A `shutdown` inside a container does not shut the host down.', source: insideSection },
  'supervisor-reboot': {
    statement: 'POST /v1/reboot answers 202 with Data OK, and the host comes back with one new boot_id and the same containers.',
    source: apiReboot,
  },
  'supervisor-reboot-needs-key': {
    statement: 'On a managed device POST /v1/reboot with a wrong key answers 401 and nothing reboots.',
    source: apiReboot,
  },
  'supervisor-reboot-respects-lock': {
    statement: 'While a service holds an update lock POST /v1/reboot answers 423 and nothing reboots.',
    source: { document: 'update-locking', section: 'Overview' },
  },
  'supervisor-reboot-force': {
    statement: 'POST /v1/reboot with force overrides an update lock.',
    source: { document: 'update-locking', section: 'Overriding the lock' },
  },
} as const satisfies SuitePromises;
