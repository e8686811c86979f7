import { background, dropIn, editFile, editSupervisor, type Mutant, quote } from './mutant.ts';

const configuration = '/etc/chrony/chrony.conf';
const unit = 'chronyd.service';

/** Shell that puts a script in a program's place until the next boot; the program itself is `$real` in it. */
function wrap(program: string, script: readonly string[]): string {
  const real = `/run/mutant${program}.real`;
  const wrapper = `/run/mutant${program}`;
  const lines = ['#!/bin/sh', `real=${real}`, ...script];
  return [
    `mkdir -p "$(dirname ${real})"`,
    // A wrapper round itself would never end.
    `[ ! -e ${real} ]`,
    `cp ${program} ${real}`,
    `printf '%s\\n' ${lines.map(quote).join(' ')} > ${wrapper}`,
    `chmod 755 ${wrapper}`,
    `mount --bind ${wrapper} ${program}`,
  ].join(' && ');
}

/** What timedatectl prints: NTP comes before NTPSynchronized. */
const synchronizedCopiesNtp = wrap('/usr/bin/timedatectl', [
  '"$real" "$@" | sed -e "/^NTP=/h" -e "/^NTPSynchronized=/{x;s/^NTP=/NTPSynchronized=/}"',
]);
const awaitingSynchronization = [
  'time.synchronizes',
  'time.within-100ms',
  'time.recovers-after-cut',
  'time.hour-off',
  'time.decade-off',
] as const;

/** More than a server that is there leaves unanswered, and one less than the test waits for before it opens the port. */
const onceInVain = (command: string) =>
  background(
    "while sleep 0.5; do chronyc -n ntpdata | awk '/^Total TX/ { sent = $4 } /^Total RX/ { received = $4 } END { exit !(sent >= 3 && received == 0) }' && " +
      `${command}; done`,
  );

/** In a drop-in `$` and `%` are systemd's, and doubled for the shell. */
const service = (...lines: string[]) => dropIn(unit, ['[Service]', ...lines].join('\n'));

export const timeMutants: readonly Mutant[] = [
  {
    promise: 'time.synchronizes',
    name: 'kernel-not-told',
    how: "chrony follows its server but doesn't tell the kernel (-x).",
    apply: service('ExecStart=', 'ExecStart=/usr/sbin/chronyd -x -n -u root'),
    touches: [...awaitingSynchronization, 'time.ntpsynchronized-is-the-clock', 'time.unsynchronized-while-cut'],
  },
  {
    promise: 'time.within-100ms',
    name: 'seconds-never-made-up',
    how: 'The clock starts three seconds off, is never stepped, and slewed by a millionth at most.',
    apply: `${editFile(configuration, 's/^makestep.*/maxslewrate 1/')} && ${service("ExecStartPre=/bin/sh -c 'date -s @$$(( $$(date +%%s) + 3 ))'")}`,
    touches: [
      'time.recovers-after-cut',
      'time.hour-off',
      'time.decade-off',
      'time.unsynchronized-while-cut',
      'time.ntpsynchronized-is-the-clock',
    ],
  },
  {
    promise: 'time.unsynchronized-while-cut',
    name: 'copies-ntp',
    how: 'NTPSynchronized says what NTP says.',
    apply: synchronizedCopiesNtp,
    touches: awaitingSynchronization,
  },
  {
    promise: 'time.ntpsynchronized-is-the-clock',
    name: 'copies-ntp',
    how: 'NTPSynchronized says what NTP says.',
    apply: synchronizedCopiesNtp,
    touches: awaitingSynchronization,
  },
  {
    promise: 'time.recovers-after-cut',
    name: 'never-believed',
    // Not `offline`: a burst that has begun goes on to its eighth request.
    how: 'A server that left requests unanswered is not believed when it answers.',
    apply: onceInVain('for server in $(chronyc -n -c sources | cut -d, -f3); do chronyc maxdelay $server 0.0000001; done'),
    touches: ['time.unsynchronized-while-cut', 'time.ntpsynchronized-is-the-clock', 'time.hour-off', 'time.decade-off'],
  },
  {
    promise: 'time.hour-off',
    name: 'steps-from-two-hours',
    how: 'Less than two hours are not stepped but slewed, which takes days.',
    apply: editFile(configuration, 's/^makestep.*/makestep 7200 -1/'),
  },
  {
    promise: 'time.decade-off',
    name: 'past-left-alone',
    how: 'A clock that is earlier than the OS itself is not stepped.',
    apply: service(
      'ExecStart=',
      "ExecStart=/bin/sh -c 'config=/etc/chrony/chrony.conf; if [ $$(date +%%s) -lt $$(date -r /etc/os-release +%%s) ]; then sed /^makestep/d $$config >/run/mutant-chrony.conf; config=/run/mutant-chrony.conf; fi; exec /usr/sbin/chronyd -n -u root -f $$config'",
    ),
  },
  {
    promise: 'time.lying-server',
    name: 'offset-clipped',
    how: 'chrony states no offset beyond one second.',
    apply: wrap('/usr/bin/chronyc', [
      'case " $* " in',
      // The ninth field of ten is the offset last measured.
      '*" -c "*" sources ") "$real" "$@" | awk -F, -v OFS=, \'NF == 10 { if ($9 > 1) $9 = 1; if ($9 < -1) $9 = -1 } { print }\' ;;',
      '*) exec "$real" "$@" ;;',
      'esac',
    ]),
  },
  {
    promise: 'time.ntp-is-the-service',
    name: 'another-service',
    how: 'NTP tells whether Bluetooth is on.',
    apply: `${editFile('/usr/lib/systemd/ntp-units.d/50-chronyd.list', 's/.*/bluetooth.service/')} && systemctl try-restart systemd-timedated.service`,
  },
  {
    promise: 'time.container-agrees',
    name: 'hour-ahead-inside',
    how: "A container's date is an hour ahead.",
    apply: [
      'mkdir -p /mnt/data/mutant',
      `printf '%s\\n' '#!/bin/sh' 'echo "$(($(busybox date +%s) + 3600)).500000000"' > /mnt/data/mutant/date`,
      'chmod 755 /mnt/data/mutant/date',
      editSupervisor('service-spec', "s#\\.\\.\\.mounts\\.binds, \\.\\.\\.features\\.binds#&, '/mnt/data/mutant/date:/bin/date:ro'#"),
    ].join(' && '),
  },
];
