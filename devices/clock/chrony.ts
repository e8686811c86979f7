import { DeviceError } from '../errors.ts';
import type { Shell } from '../shell/shell.ts';
import type { Clock } from './clock.ts';

/*
 * The device's side of time: chrony, which balenaOS and the reference OS both run, and timedated's view of it.
 * Sources: chronyc(1) and timedatectl(1); the fields of `chronyc -c` are those of the report without -c, in order (client.c of chrony).
 */

/** What chronyc or timedated printed isn't what their manuals promise. */
export class TimeStatusUnreadable extends DeviceError {
  override readonly name = 'TimeStatusUnreadable';
}

/** chronyd doesn't do what it was told. */
export class ChronyRefused extends DeviceError {
  override readonly name = 'ChronyRefused';
}

/** chrony's account of the source it follows. */
export interface Tracking {
  /** Name or address of the source. */
  source: string;
  stratum: number;
  /** Seconds by which the system clock is ahead of NTP time (negative: behind), by chrony's estimate; being slewed away. */
  offsetSeconds: number;
  rootDelaySeconds: number;
  rootDispersionSeconds: number;
  leap: string;
}

export interface TimeStatus {
  timezone: string;
  localRtc: boolean;
  /** A time service is installed. */
  canNtp: boolean;
  /** A time service is enabled. */
  ntp: boolean;
  /** The kernel's clock is known to be less than 16 s off (adjtimex's maxerror; STA_UNSYNC isn't looked at. systemd, src/basic/time-util.c, ntp_synced). */
  ntpSynchronized: boolean;
  /** Undefined while chrony follows nobody. */
  tracking: Tracking | undefined;
}

/** Polls of 4 to 16 s: the shortest that let a test see a change of the server within its budget. */
const polling = 'iburst minpoll 2 maxpoll 4';

/**
 * Makes the device's chrony ask this clock and nobody else, until `unfollowClock` or chrony's restart. What it learnt from others
 * is forgotten, so that they have no vote against a clock that lies.
 */
export async function followClock(host: Shell, clock: Clock): Promise<void> {
  const { host: address, port } = await clock.address();
  // The clock may be followed already, and there may be no other.
  await chronyc(host, `delete ${address}`, noSuchSource);
  await chronyc(host, 'offline', noSuchSource);
  await chronyc(host, 'reset sources');
  await chronyc(host, `add server ${address} port ${port} ${polling}`);
}

/** Takes this clock from chrony's sources and lets it ask the others again. */
export async function unfollowClock(host: Shell, clock: Clock): Promise<void> {
  await chronyc(host, `delete ${(await clock.address()).host}`, noSuchSource);
  await chronyc(host, 'online', noSuchSource);
}

/** How chronyd refuses a request about a source that isn't there, or about all where there is none. */
const noSuchSource = '503 No such source';

/** @param accepted a refusal that is as good as a success. */
async function chronyc(host: Shell, request: string, accepted?: string): Promise<void> {
  const { command, exitCode, stdout, stderr } = await host.run(`chronyc ${request}`);
  if (exitCode === 0 || (accepted !== undefined && stdout.includes(accepted))) return;
  throw new ChronyRefused(`chrony refused “${request}”: ${stdout.trim() || stderr.trim()}`, {
    blame: 'product',
    evidence: [{ kind: 'command', text: `$ ${command}\n${stdout}${stderr}exit code ${exitCode}` }],
    advice: 'Does chronyd run on the device, and is its version at least 4.0?',
  });
}

export async function timeStatus(host: Shell): Promise<TimeStatus> {
  const properties = new Map(
    (await host.check('timedatectl show')).split('\n').map((line): [string, string] => {
      const [name = '', ...value] = line.split('=');
      return [name, value.join('=')];
    }),
  );
  const text = (name: string): string => {
    const value = properties.get(name);
    if (value === undefined)
      throw unreadable('timedatectl show', [...properties].map(([key, each]) => `${key}=${each}`).join('\n'), `${name}=`);
    return value;
  };
  const yes = (name: string): boolean => text(name) === 'yes';
  return {
    timezone: text('Timezone'),
    localRtc: yes('LocalRTC'),
    canNtp: yes('CanNTP'),
    ntp: yes('NTP'),
    ntpSynchronized: yes('NTPSynchronized'),
    tracking: parseTracking(await host.check('chronyc -c tracking')),
  };
}

/** @param line what `chronyc -c tracking` prints: 14 fields between commas. */
export function parseTracking(line: string): Tracking | undefined {
  const fields = line.trim().split(',');
  const [referenceId, source, stratum, , offset, , , , , , rootDelay, rootDispersion, , leap] = fields;
  if (leap === undefined) throw unreadable('chronyc -c tracking', line, '14 fields');
  if (referenceId === '00000000') return undefined;
  return {
    source: source ?? '',
    stratum: Number(stratum),
    // chronyc prints the correction still to be made: positive when the system clock is slow.
    offsetSeconds: -Number(offset),
    rootDelaySeconds: Number(rootDelay),
    rootDispersionSeconds: Number(rootDispersion),
    leap,
  };
}

/** How far the device's clock is from the bench's, and how sure that is. */
export interface ClockOffset {
  /** Positive: the device is ahead. */
  seconds: number;
  /** The truth is within ± this: half of the time that the question took. */
  uncertaintySeconds: number;
}

/** Compares the device's clock with the bench's: the quickest of five questions, as NTP does it. */
export async function clockOffset(host: Shell, clock: Clock): Promise<ClockOffset> {
  let best: ClockOffset = { seconds: 0, uncertaintySeconds: Number.POSITIVE_INFINITY };
  for (let question = 0; question < 5; question += 1) {
    const before = await clock.now();
    const device = await deviceTime(host);
    const after = await clock.now();
    const uncertaintySeconds = (after - before) / 2000;
    if (uncertaintySeconds < best.uncertaintySeconds) best = { seconds: (device - (before + after) / 2) / 1000, uncertaintySeconds };
  }
  return best;
}

/**
 * The wall clock to the microsecond: what bash knows without starting a program (EPOCHREALTIME, since 5.0), what GNU's date says, and, where date is
 * BusyBox's, which may know no fractions of a second, what timedated says.
 */
const clockQuestion =
  'set -- "${EPOCHREALTIME:-$(date +%s.%6N)}"; case $1 in *[.,][0-9][0-9][0-9][0-9][0-9][0-9]) echo "$1" ;; *) ' +
  'busctl get-property org.freedesktop.timedate1 /org/freedesktop/timedate1 org.freedesktop.timedate1 TimeUSec ;; esac';

/** The device's wall clock, epoch milliseconds. */
async function deviceTime(host: Shell): Promise<number> {
  const answer = await host.check(clockQuestion);
  // 1795365001.716000 (or with the comma of some locale), t 1795365001716000
  const digits = /^(?:t )?(\d+)[.,]?(\d*)$/.exec(answer.trim());
  if (digits === null) throw unreadable(clockQuestion, answer, 'time in microseconds');
  return Number(`${digits[1]}${digits[2]}`) / 1000;
}

function unreadable(command: string, output: string, expected: string): TimeStatusUnreadable {
  return new TimeStatusUnreadable(`${command} printed no ${expected}`, {
    blame: 'product',
    evidence: [{ kind: 'command', text: `$ ${command}\n${output}` }],
    advice: 'Is it the chrony and systemd of balenaOS on this device?',
  });
}
