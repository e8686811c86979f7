import {
  budgets,
  clockOffset,
  emulationSlowness,
  followClock,
  timeStatus,
  unfollowClock,
  type Clock,
  type ClockMode,
  type Device,
} from '../devices/index.ts';
import { chronyPackets, measuredOffset, setClock, startChrony, stopChrony, watchWithoutFollowing } from './chrony.ts';
import { testWithApp } from './services.ts';
import { expect, measure, proves } from './suite.ts';

const { timeSync: syncBudget } = budgets(emulationSlowness);
const right: ClockMode = { answer: 'right' };
const cut: ClockMode = { answer: 'blocked' };
const hour = 3600;
/** Two of its days are leap days. */
const decade = 3652 * 24 * hour;
/** How far off a device may be called right. Source: the promise; chrony itself gets to well below a millisecond on a quiet network. */
const tolerance = 0.1;

const test = testWithApp({ id: 4715, name: 'time', services: { main: { networkMode: 'host' } } }).extend<{ clock: Clock }>({
  // Each test leaves a device that asks its own time servers and has the right time.
  clock: async ({ device }, use, testInfo) => {
    testInfo.skip(device.clock === undefined, `${device.id} has no clock`);
    if (device.clock === undefined) return;
    await use(device.clock);
    await device.clock.serve(right);
    await setClock(device, await device.clock.now());
    await unfollowClock(device.host, device.clock);
  },
});

const synchronized = async (device: Device) => (await timeStatus(device.host)).ntpSynchronized;

/** Starts chrony anew, which makes the kernel call its clock unsynchronised, with the bench's clock as its only source. */
async function startOver(device: Device, clock: Clock, mode: ClockMode): Promise<void> {
  await clock.serve(mode);
  await stopChrony(device);
  await startChrony(device);
  await followClock(device.host, clock);
}

/** Seconds until the device calls itself synchronised. */
async function awaitSynchronized(device: Device): Promise<number> {
  const since = performance.now();
  await expect.poll(() => synchronized(device), { message: 'NTPSynchronized', timeout: syncBudget, intervals: [200] }).toBe(true);
  return (performance.now() - since) / 1000;
}

/** Less than half a second is slewed away, which takes chrony some seconds: resolves once the device is right. */
async function awaitRight(device: Device, clock: Clock): Promise<void> {
  const distance = async () => {
    const { seconds, uncertaintySeconds } = await clockOffset(device.host, clock);
    return Math.abs(seconds) - uncertaintySeconds;
  };
  await expect
    .poll(distance, { message: "the device's distance from the bench's clock, in seconds", timeout: syncBudget, intervals: [200] })
    .toBeLessThan(tolerance);
}

const offset = async (device: Device, clock: Clock): Promise<number> => (await clockOffset(device.host, clock)).seconds;

/** The device's time service starts with UDP 123 cut, has tried in vain, and gets through in the end; nothing is done to the device. */
const cutAndOpened = (device: Device, clock: Clock) => async () => {
  await startOver(device, clock, cut);
  // iburst sends its first four within some seconds: by then a server would have been believed.
  await expect
    .poll(() => chronyPackets(device, clock), { message: 'requests that chrony sent', timeout: syncBudget, intervals: [200] })
    .toMatchObject({ received: 0, sent: expect.any(Number) });
  await expect
    .poll(async () => (await chronyPackets(device, clock)).sent, { timeout: syncBudget, intervals: [200] })
    .toBeGreaterThanOrEqual(4);
  const whileCut = { ...(await timeStatus(device.host)), packets: await chronyPackets(device, clock) };
  const { stdout: daemon } = await device.host.run('pidof chronyd');
  await clock.serve(right);
  const seconds = await awaitSynchronized(device);
  await awaitRight(device, clock);
  return { whileCut, daemon: daemon.trim(), seconds, after: await timeStatus(device.host) };
};

test('NTPSynchronized turns true once a server answers', proves('time.synchronizes'), async ({ device, clock }) => {
  await startOver(device, clock, right);
  await measure('time to synchronise', await awaitSynchronized(device), { unit: 's', max: syncBudget / 1000, better: 'lower' });
  expect((await clock.requests()).count, "requests that reached the bench's server").toBeGreaterThan(0);
});

test('a synchronised device is within 100 ms', proves('time.within-100ms'), async ({ device, clock }) => {
  await startOver(device, clock, right);
  await awaitSynchronized(device);
  await awaitRight(device, clock);
  const { seconds, uncertaintySeconds } = await clockOffset(device.host, clock);
  await measure('offset from the bench', Math.abs(seconds) * 1000, {
    unit: 'ms',
    max: (tolerance + uncertaintySeconds) * 1000,
    better: 'lower',
  });
});

test('NTPSynchronized stays false while UDP 123 is cut', proves('time.unsynchronized-while-cut'), async ({ device, clock, once }) => {
  const { whileCut } = await once('time: cut and opened', cutAndOpened(device, clock));
  expect(whileCut.packets.received).toBe(0);
  expect(whileCut.ntpSynchronized).toBe(false);
});

test('the device synchronises by itself once UDP 123 is open again', proves('time.recovers-after-cut'), async ({ device, clock, once }) => {
  const { seconds, after } = await once('time: cut and opened', cutAndOpened(device, clock));
  await measure('time to recover', seconds, { unit: 's', max: syncBudget / 1000, better: 'lower' });
  expect(after.ntpSynchronized).toBe(true);
});

test(
  'NTP and NTPSynchronized differ while UDP 123 is cut',
  proves('time.ntpsynchronized-is-the-clock'),
  async ({ device, clock, once }) => {
    const { whileCut, daemon, after } = await once('time: cut and opened', cutAndOpened(device, clock));
    expect(daemon, 'the process of the time service').toMatch(/^\d+/);
    expect({ ntp: whileCut.ntp, ntpSynchronized: whileCut.ntpSynchronized }).toEqual({ ntp: true, ntpSynchronized: false });
    expect({ ntp: after.ntp, ntpSynchronized: after.ntpSynchronized }).toEqual({ ntp: true, ntpSynchronized: true });
  },
);

test('NTP follows the time service', proves('time.ntp-is-the-service'), async ({ device, clock }) => {
  await startOver(device, clock, cut);
  expect((await timeStatus(device.host)).ntp, 'NTP with the service on').toBe(true);
  await stopChrony(device);
  try {
    expect((await device.host.run('pidof chronyd')).stdout, 'the process of the time service').toBe('');
    const show = await device.host.check('timedatectl show -p NTP --value');
    expect(show, 'NTP with the service off').toBe('no');
  } finally {
    await startChrony(device);
  }
  expect((await timeStatus(device.host)).ntp, 'NTP with the service on again').toBe(true);
});

for (const [what, seconds, id] of [
  ['an hour ahead', hour, 'time.hour-off'],
  ['ten years behind', -decade, 'time.decade-off'],
] as const) {
  test(`a device ${what} is put right`, proves(id), async ({ device, clock }) => {
    // 1. Off, with no server in reach, as at power-on without a battery.
    await clock.serve(cut);
    await stopChrony(device);
    await setClock(device, (await clock.now()) + seconds * 1000);
    await startChrony(device);
    await followClock(device.host, clock);
    expect(Math.abs((await offset(device, clock)) - seconds), 'how far it is from being that far off, in seconds').toBeLessThan(60);
    expect(await synchronized(device)).toBe(false);
    // 2. A server answers.
    await clock.serve(right);
    await awaitSynchronized(device);
    await awaitRight(device, clock);
  });
}

test('a lying server is seen to lie', proves('time.lying-server'), async ({ device, clock }) => {
  const lie = 10 * 24 * hour;
  await clock.serve({ answer: 'offset', seconds: lie });
  await watchWithoutFollowing(device, clock);
  // chrony counts its own clock's lead over the server, so a server that is ahead gives a negative one.
  const misjudged = async () => Math.abs(((await measuredOffset(device, clock)) ?? 0) + lie);
  await expect
    .poll(misjudged, {
      message: 'how far the offset that chrony states is from the lie, in seconds',
      timeout: syncBudget,
      intervals: [200],
    })
    .toBeLessThan(60);
  expect(Math.abs(await offset(device, clock)), "the device's own offset from the bench").toBeLessThan(60);
});

test("a container's clock is the host's", proves('time.container-agrees'), async ({ device, clock, app }) => {
  const now = 'date +%s.%N';
  // Once as it is and once far off: two clocks that happened to agree would part.
  for (const seconds of [0, -decade]) {
    await clock.serve(cut);
    await setClock(device, (await clock.now()) + seconds * 1000);
    const before = Number(await device.host.check(now));
    const inside = Number(await app.service('main').check(now));
    const after = Number(await device.host.check(now));
    expect(inside).toBeGreaterThanOrEqual(before);
    expect(inside).toBeLessThanOrEqual(after);
  }
});
