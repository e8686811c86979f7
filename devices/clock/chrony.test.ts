import test from 'ava';
import type { Shell } from '../shell/shell.ts';
import { ChronyRefused, clockOffset, followClock, parseTracking, timeStatus, TimeStatusUnreadable, unfollowClock } from './chrony.ts';
import { FakeClock } from './fake.ts';

const unused = () => Promise.reject(new TypeError('not of this test'));

/** A host that knows these commands, and keeps what it was asked. */
function host(answers: Record<string, string> = {}) {
  const asked: string[] = [];
  const check = async (command: string) => {
    asked.push(command);
    return answers[command] ?? answers[command.split(' ')[0] ?? ''] ?? '';
  };
  const shell: Shell = {
    async run(command) {
      const stdout = await check(command);
      return { command, stdout, stderr: '', exitCode: /^5\d\d /.test(stdout) ? 1 : 0, milliseconds: 0 };
    },
    check,
    upload: unused,
    download: unused,
    forward: unused,
    ready: unused,
    close: unused,
  };
  return { shell, asked };
}

// As chrony 4.3 and systemd 252 print them.
const followed = '0A000202,10.0.2.2,2,1795363621.512084007,0.000123456,-0.000456000,0.001,-12.345,-0.001,5.1,0.000700,0.001300,4.0,Normal';
const nobody = '00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,1.000000000,0.0,Not synchronised';
const shown =
  'Timezone=Etc/UTC\nLocalRTC=no\nCanNTP=yes\nNTP=yes\nNTPSynchronized=no\nTimeUSec=Sun 2026-11-22 16:05:00 UTC\nRTCTimeUSec=n/a';

test('chrony’s tracking is read, a slow clock as behind', (t) => {
  t.deepEqual(parseTracking(`${followed}\n`), {
    source: '10.0.2.2',
    stratum: 2,
    offsetSeconds: -0.000123456,
    rootDelaySeconds: 0.0007,
    rootDispersionSeconds: 0.0013,
    leap: 'Normal',
  });
});

test('a chrony that follows nobody has no tracking', (t) => {
  t.is(parseTracking(nobody), undefined);
});

test('what isn’t tracking is an error that quotes it', (t) => {
  const error = t.throws(() => parseTracking('506 Cannot talk to daemon'), { instanceOf: TimeStatusUnreadable });
  t.regex(error?.evidence[0]?.text ?? '', /506 Cannot talk/);
});

test('the status is timedated’s and chrony’s', async (t) => {
  t.deepEqual(await timeStatus(host({ timedatectl: shown, chronyc: nobody }).shell), {
    timezone: 'Etc/UTC',
    localRtc: false,
    canNtp: true,
    ntp: true,
    ntpSynchronized: false,
    tracking: undefined,
  });
  await t.throwsAsync(timeStatus(host({ timedatectl: 'Timezone=UTC' }).shell), { instanceOf: TimeStatusUnreadable });
});

test('the device’s clock is compared with the bench’s', async (t) => {
  const now = 1_795_365_001_000;
  const clock = new FakeClock(() => now);
  // bash and GNU's date, bash under a locale with a decimal comma, timedated's microseconds.
  for (const answer of ['1795365001.250000', '1795365001,250000', 't 1795365001250000']) {
    const { shell } = host({ set: `${answer}\n` });
    t.deepEqual(await clockOffset(shell, clock), { seconds: 0.25, uncertaintySeconds: 0 }, answer);
  }
  await t.throwsAsync(clockOffset(host({ set: 'no such property' }).shell, clock), { instanceOf: TimeStatusUnreadable });
});

test('following a clock silences the others, unfollowing brings them back', async (t) => {
  const { shell, asked } = host();
  await followClock(shell, new FakeClock());
  t.deepEqual(asked.splice(0), [
    'chronyc delete 192.0.2.123',
    'chronyc offline',
    'chronyc reset sources',
    'chronyc add server 192.0.2.123 port 123 iburst minpoll 2 maxpoll 4',
  ]);
  await unfollowClock(shell, new FakeClock());
  t.deepEqual(asked, ['chronyc delete 192.0.2.123', 'chronyc online']);
});

test('a chrony without a source is no failure, one that refuses is', async (t) => {
  // As chronyc 4.3 prints it, with exit code 1.
  const none = '503 No such source\n';
  const { shell } = host({ 'chronyc delete 192.0.2.123': none, 'chronyc offline': none, 'chronyc online': none });
  await followClock(shell, new FakeClock());
  await unfollowClock(shell, new FakeClock());
  const refusing = host({ chronyc: '501 Not authorised\n' });
  await t.throwsAsync(followClock(refusing.shell, new FakeClock()), { instanceOf: ChronyRefused, message: /501 Not authorised/ });
});
