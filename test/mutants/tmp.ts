import { beforeEngine, type Mutant, type OfflineEdit, replaceInSupervisor } from './mutant.ts';

// All from the first boot on: most of the suite's tests come after a reboot.

/** All that services write outside of volumes, in the engine's store. */
const temporaryWiped = [beforeEngine('rm -rf /mnt/data/docker/overlay2/*/diff/tmp/* /mnt/data/docker/overlay2/*/diff/var/tmp/*')];
const volumesWiped = [beforeEngine('rm -rf /mnt/data/docker/volumes/*/_data/*')];

/** What the engine is told to mount into every service, with more of it. @param more JavaScript: strings, commas between */
const furtherBinds = (more: string): OfflineEdit =>
  replaceInSupervisor('service-spec', /\.\.\.mounts\.binds, \.\.\.features\.binds/, `...mounts.binds, ...features.binds, ${more}`);

const volumesInMemory = [
  replaceInSupervisor('app-spec', /DriverOpts: stringRecord\(volume\["driver_opts"\]\)/, "DriverOpts: { type: 'tmpfs', device: 'tmpfs' }"),
];

const tmpfsOnDisk = [
  replaceInSupervisor('compose-fields', /tmpfs: \["Tmpfs",/, 'tmpfs: ["IgnoredTmpfs",'),
  furtherBinds("...(composition['tmpfs'] ?? []).map((path) => `/mnt/data/mutant${path}:${path}`)"),
];

export const tmpMutants: readonly Mutant[] = [
  {
    promise: 'tmp.survives-dbus-reboot',
    name: 'wiped-at-boot',
    how: "Containers' /tmp and /var/tmp are wiped at boot.",
    offline: temporaryWiped,
  },
  {
    promise: 'tmp.survives-power-cut',
    name: 'wiped-at-boot',
    how: "Containers' /tmp and /var/tmp are wiped at boot.",
    offline: temporaryWiped,
  },
  {
    promise: 'tmp.survives-engine-restart',
    name: 'tmpfs-for-all',
    how: "Every container's /tmp is a tmpfs.",
    offline: [
      replaceInSupervisor('service-spec', /NetworkMode: networkMode,/, "NetworkMode: networkMode, Tmpfs: host.Tmpfs ?? { '/tmp': '' },"),
    ],
    touches: ['tmp.survives-dbus-reboot', 'tmp.survives-power-cut', 'tmp.gone-after-recreation'],
  },
  {
    promise: 'tmp.gone-after-recreation',
    name: 'kept-on-disk',
    how: "A service's /tmp is a directory of the host's, which outlives its container.",
    offline: [furtherBinds("...(composition['tmpfs'] === undefined ? ['/mnt/data/mutant:/tmp'] : [])")],
    touches: ['tmp.survives-dbus-reboot', 'tmp.survives-power-cut', 'tmp.data-is-private'],
  },
  {
    promise: 'tmp.tmpfs-vanishes-at-reboot',
    name: 'on-disk',
    how: 'A tmpfs of a service is a directory on the data partition.',
    offline: tmpfsOnDisk,
  },
  {
    promise: 'tmp.tmpfs-vanishes-at-engine-restart',
    name: 'on-disk',
    how: 'A tmpfs of a service is a directory on the data partition.',
    offline: tmpfsOnDisk,
  },
  {
    promise: 'tmp.tmpfs-vanishes-at-recreation',
    name: 'on-disk',
    how: 'A tmpfs of a service is a directory on the data partition.',
    offline: tmpfsOnDisk,
  },
  {
    promise: 'tmp.balena-directory-vanishes-at-reboot',
    name: 'on-disk',
    how: '/tmp/balena is on the data partition.',
    offline: [replaceInSupervisor('settings', /"\/tmp\/balena-supervisor\/services"/, '"/mnt/data/mutant-services"')],
    touches: ['tmp.gone-after-recreation'],
  },
  {
    promise: 'tmp.host-tmp-vanishes-at-reboot',
    name: 'on-disk',
    how: "The host's /tmp is on the data partition.",
    offline: [beforeEngine('mkdir -p /mnt/data/mutant-tmp && mount --bind /mnt/data/mutant-tmp /tmp')],
    touches: ['tmp.balena-directory-vanishes-at-reboot'],
  },
  {
    promise: 'tmp.data-survives-dbus-reboot',
    name: 'wiped-at-boot',
    how: 'Named volumes are wiped at boot.',
    offline: volumesWiped,
  },
  {
    promise: 'tmp.data-survives-power-cut',
    name: 'wiped-at-boot',
    how: 'Named volumes are wiped at boot.',
    offline: volumesWiped,
  },
  {
    promise: 'tmp.data-survives-engine-restart',
    name: 'volumes-in-memory',
    how: 'Named volumes are held in memory while a container uses them.',
    offline: volumesInMemory,
    touches: ['tmp.data-survives-dbus-reboot', 'tmp.data-survives-power-cut'],
  },
  {
    promise: 'tmp.data-survives-recreation',
    name: 'volumes-in-memory',
    how: 'Named volumes are held in memory while a container uses them.',
    offline: volumesInMemory,
    touches: ['tmp.data-survives-dbus-reboot', 'tmp.data-survives-power-cut'],
  },
  {
    promise: 'tmp.data-is-private',
    name: 'one-volume-for-all',
    how: "Every service mounts its app's volume.",
    offline: [
      furtherBinds(
        "...(app.release.volumes.kept && !mounts.binds.some((bind) => bind.includes(':/data')) ? [`${app.id}_kept:/data`] : [])",
      ),
    ],
    touches: ['tmp.data-survives-engine-restart', 'tmp.data-survives-recreation'],
  },
];
