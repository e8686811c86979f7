import type { Clock, Device } from '../devices/index.ts';
import { expect } from './suite.ts';

// What the time suite asks of chrony beside following a clock. Source: chronyc(1); the order of the fields of `chronyc -c sources` is
// that of its report without -c.

/** Starts the time service; resolves once chronyc can speak to it with authority, over the socket that only root may use. */
export async function startChrony(device: Device): Promise<void> {
  await device.host.check('systemctl start chronyd.service');
  const socket = async () => (await device.host.run('test -S /run/chrony/chronyd.sock')).exitCode;
  await expect.poll(socket, { message: "chrony's command socket", timeout: 60_000, intervals: [100] }).toBe(0);
}

export async function stopChrony(device: Device): Promise<void> {
  await device.host.check('systemctl stop chronyd.service');
}

/** NTP packets between chrony and one of its servers since it was added. */
export async function chronyPackets(device: Device, clock: Clock): Promise<{ sent: number; received: number }> {
  const report = await device.host.check(`chronyc -n ntpdata ${(await clock.address()).host}`);
  const field = (name: string) => Number(new RegExp(`^${name}\\s*:\\s*(\\d+)`, 'm').exec(report)?.[1]);
  return { sent: field('Total TX'), received: field('Total RX') };
}

/** Has chrony measure the bench's clock, and follow nobody. */
export async function watchWithoutFollowing(device: Device, clock: Clock): Promise<void> {
  const { host, port } = await clock.address();
  // Both are refused where there is nothing to delete, or to take offline.
  await device.host.run(`chronyc delete ${host}; chronyc offline`);
  await device.host.check(`chronyc add server ${host} port ${port} iburst minpoll 2 maxpoll 4 noselect`);
}

/** By how many seconds chrony finds the system clock ahead of the bench's, as it last measured; undefined until it has. */
export async function measuredOffset(device: Device, clock: Clock): Promise<number | undefined> {
  const { host } = await clock.address();
  const rows = (await device.host.check('chronyc -c -n sources')).split('\n').map((line) => line.split(','));
  const [, , , , , reach, , , measured] = rows.find((row) => row[2] === host) ?? [];
  return reach === undefined || reach === '0' ? undefined : Number(measured);
}

/** Sets the device's clock, to the second: busybox knows no fractions. @param milliseconds since the epoch */
export async function setClock(device: Device, milliseconds: number): Promise<void> {
  await device.host.check(`date -u -s @${Math.round(milliseconds / 1000)}`);
}
