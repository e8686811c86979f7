import type { SuitePromises } from './promise.ts';

const inconsistency = { document: 'communicate-outside-container', section: 'Inconsistency in /tmp Directory' } as const;
const persistent = { document: 'communicate-outside-container', section: 'Persistent Storage' } as const;
const tmpfs = { document: 'docker-compose-labels', section: 'tmpfs' } as const;
const stateless = { document: 'what-is-balenaos', section: 'Stateless and Read-Only rootFS' } as const;

export const tmpPromises = {
  'survives-dbus-reboot': { statement: "A container's /tmp and /var/tmp survive a reboot asked for over D-Bus.", source: inconsistency },
  'survives-power-cut': { statement: "What was fsynced in a container's /tmp and /var/tmp survives a power cut.", source: inconsistency },
  'survives-engine-restart': {
    statement: "A container's /tmp and /var/tmp survive when the engine restarts that same container.",
    source: inconsistency,
  },
  'gone-after-recreation': {
    statement: "A container's /tmp and /var/tmp are gone once the supervisor has re-created the service.",
    source: inconsistency,
  },
  'tmpfs-vanishes-at-reboot': { statement: 'What a service keeps in a tmpfs is gone after a reboot and after a power cut.', source: tmpfs },
  'tmpfs-vanishes-at-engine-restart': {
    statement: 'What a service keeps in a tmpfs is gone after the engine restarted its container.',
    source: tmpfs,
  },
  'tmpfs-vanishes-at-recreation': { statement: 'What a service keeps in a tmpfs is gone after the service was re-created.', source: tmpfs },
  'balena-directory-vanishes-at-reboot': {
    statement: "/tmp/balena, which is the host's RAM, is empty after a reboot and after a power cut.",
    source: { document: 'update-locking', section: 'Location of the lock file' },
    versions: { supervisor: { since: '7.22.0' } },
  },
  'host-tmp-vanishes-at-reboot': { statement: "The host's /tmp loses everything at a reboot and at a power cut.", source: stateless },
  'data-survives-dbus-reboot': { statement: 'A named volume at /data survives a reboot asked for over D-Bus.', source: persistent },
  'data-survives-power-cut': { statement: 'What was fsynced in a named volume survives a power cut.', source: persistent },
  'data-survives-engine-restart': { statement: 'A named volume survives a restart of the container by the engine.', source: persistent },
  'data-survives-recreation': { statement: 'A named volume survives the re-creation of the service.', source: persistent },
  'data-is-private': { statement: "A service that doesn't mount the volume doesn't see what is in it.", source: persistent },
} as const satisfies SuitePromises;
