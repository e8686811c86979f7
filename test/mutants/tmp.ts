import { beforeEngine, editSupervisor, type Mutant, replaceInSupervisor } from './mutant.ts';

/** All that services write outside of volumes, in the engine's store. */
const wipeTemporary = 'rm -rf /mnt/data/docker/overlay2/*/diff/tmp/* /mnt/data/docker/overlay2/*/diff/var/tmp/*';
const wipeVolumes = 'rm -rf /mnt/data/docker/volumes/*/_data/*';

/** In service-spec: what the engine is told to mount, with more of it. */
const bindsOf = '...mounts.binds, ...features.binds';
const everyServiceBinds = (bind: string) =>
  editSupervisor('service-spec', `s#\\.\\.\\.mounts\\.binds, \\.\\.\\.features\\.binds#&, ${bind}#`);
/** A tmpfs becomes a directory of the data partition. */
const tmpfsOnDisk: Mutant['offline'] = [
  replaceInSupervisor('compose-fields', /tmpfs: \['Tmpfs',/, "tmpfs: ['IgnoredTmpfs',"),
  replaceInSupervisor(
    'service-spec',
    /\.\.\.mounts\.binds, \.\.\.features\.binds/,
    `${bindsOf}, ...(composition['tmpfs'] ?? []).map((path) => \`/mnt/data/mutant\${path}:\${path}\`)`,
  ),
];

export const tmpMutants: readonly Mutant[] = [
  {
    promise: 'tmp.survives-dbus-reboot',
    name: 'wiped-at-boot',
    how: "Containers' /tmp and /var/tmp are wiped at boot.",
    offline: [beforeEngine(wipeTemporary)],
  },
  {
    promise: 'tmp.survives-power-cut',
    name: 'wiped-at-boot',
    how: "Containers' /tmp and /var/tmp are wiped at boot.",
    offline: [beforeEngine(wipeTemporary)],
  },
  {
    promise: 'tmp.survives-engine-restart',
    name: 'tmpfs-for-all',
    how: "Every container's /tmp is a tmpfs.",
    apply: editSupervisor('service-spec', "s#NetworkMode: networkMode,#& Tmpfs: { '/tmp': '' },#"),
  },
  {
    promise: 'tmp.gone-after-recreation',
    name: 'kept-on-disk',
    how: "Every container's /tmp is a directory of the host's, which outlives it.",
    apply: everyServiceBinds("'/mnt/data/mutant:/tmp'"),
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
    offline: [replaceInSupervisor('settings', /'\/tmp\/balena-supervisor\/services'/, "'/mnt/data/mutant-services'")],
  },
  {
    promise: 'tmp.host-tmp-vanishes-at-reboot',
    name: 'on-disk',
    how: "The host's /tmp is on the data partition.",
    offline: [beforeEngine('mkdir -p /mnt/data/mutant-tmp && mount --bind /mnt/data/mutant-tmp /tmp')],
  },
  {
    promise: 'tmp.data-survives-dbus-reboot',
    name: 'wiped-at-boot',
    how: 'Named volumes are wiped at boot.',
    offline: [beforeEngine(wipeVolumes)],
  },
  {
    promise: 'tmp.data-survives-power-cut',
    name: 'wiped-at-boot',
    how: 'Named volumes are wiped at boot.',
    offline: [beforeEngine(wipeVolumes)],
  },
  {
    promise: 'tmp.data-survives-engine-restart',
    name: 'volumes-in-memory',
    how: 'Named volumes are held in memory while a container uses them.',
    apply: volumesInMemory(),
  },
  {
    promise: 'tmp.data-survives-recreation',
    name: 'volumes-in-memory',
    how: 'Named volumes are held in memory while a container uses them.',
    apply: volumesInMemory(),
  },
  {
    promise: 'tmp.data-is-private',
    name: 'one-volume-for-all',
    how: "Every service mounts its app's volume.",
    apply: everyServiceBinds(
      '...(app.release.volumes.kept \\&\\& !mounts.binds.some((bind) => bind.includes(":\\/data")) ? [`${app.id}_kept:\\/data`] : [])',
    ),
  },
];

function volumesInMemory(): string {
  return editSupervisor(
    'app-spec',
    "s#DriverOpts: stringRecord\\(volume\\['driver_opts'\\]\\)#DriverOpts: { type: 'tmpfs', device: 'tmpfs' }#",
  );
}
