import { z } from 'zod';
import type { Device } from '../devices/index.ts';
import type { ComponentVersions } from './promises.ts';

// What the suites hold against what they assert: each value is read from where the OS keeps it, never from where it is promised.

const bootPartition = '/mnt/boot';

/** The members of the boot partition's config.json that suites compare with. Source: meta-balena's README, config.json. */
const deviceConfig = z.object({
  uuid: z.string(),
  hostname: z.string().optional(),
  deviceApiKey: z.string().optional(),
  apiEndpoint: z.string().optional(),
});

/** Source: balenaOS writes device-type.json beside config.json. */
const deviceTypeFile = z.object({ slug: z.string(), arch: z.string() });

async function json<Schema extends z.ZodType>(device: Device, path: string, schema: Schema): Promise<z.infer<Schema>> {
  return schema.parse(JSON.parse(await device.host.check(`cat ${path}`)));
}

/** config.json as the boot partition has it now. */
export const readDeviceConfig = (device: Device) => json(device, `${bootPartition}/config.json`, deviceConfig);

/** What the boot partition says of the board. */
export const readDeviceType = (device: Device) => json(device, `${bootPartition}/device-type.json`, deviceTypeFile);

/** The fields of the host's os-release. */
export const readOsRelease = async (device: Device) => parseOsRelease(await device.host.check('cat /etc/os-release'));

/** The versions of the OS and of its supervisor. Source: os-release's VERSION_ID; GET /v2/version. */
export async function componentVersions(device: Device): Promise<ComponentVersions> {
  const osRelease = await readOsRelease(device);
  const { json } = await device.supervisor.request('GET', '/v2/version');
  const { version } = z.object({ version: z.string() }).parse(json);
  return { os: z.string().parse(osRelease['VERSION_ID']), supervisor: version };
}

/** The first IPv4 address of an interface of the host; undefined where the host has no such interface. */
export async function interfaceAddress(device: Device, name: string): Promise<string | undefined> {
  const { stdout } = await device.host.run(`ip -4 -o addr show dev ${name}`);
  return /\binet ([\d.]+)\//.exec(stdout)?.[1];
}

/** The host's name: the kernel's and the file's. */
export async function readHostname(device: Device): Promise<{ kernel: string; file: string }> {
  const [kernel = '', file = ''] = (await device.host.check('cat /proc/sys/kernel/hostname /etc/hostname')).split('\n');
  return { kernel, file: file.trim() };
}

/** Where the host keeps what a service sees as /tmp/balena. Source: balena-supervisor, lib/update-lock. */
export const lockDirectory = (appId: number, service: string) => `/tmp/balena-supervisor/services/${appId}/${service}`;

/** A unit's state on the host: `active`, `inactive`, `activating`, `failed`… */
export async function activeState(device: Device, unit: string): Promise<string> {
  return (await device.host.run(`systemctl is-active ${unit}`)).stdout.trim();
}

/** How the host keeps its time: from its own files and processes. Sources: localtime(5), adjtime_config(5). */
export async function readTimeSettings(device: Device): Promise<{ zone: string; localRtc: boolean; service: string | undefined }> {
  const { stdout: localtime } = await device.host.run('readlink -f /etc/localtime');
  const { stdout: adjtime } = await device.host.run('cat /etc/adjtime');
  // The unit that a process belongs to is its control group's last name.
  const { stdout: groups } = await device.host.run('for id in $(pidof chronyd systemd-timesyncd); do cat /proc/$id/cgroup; done');
  return {
    zone: /\/zoneinfo\/(\S+)/.exec(localtime)?.[1] ?? 'UTC',
    localRtc: adjtime.split('\n')[2]?.trim() === 'LOCAL',
    service: /\/([^/\s]+\.service)\s*$/m.exec(groups)?.[1],
  };
}

/** The host's system clock in seconds since the epoch, and its hardware clock's whole seconds; 0 for a board without one. */
export async function readClocks(device: Device): Promise<{ system: number; hardware: number }> {
  const [system, hardware] = (await device.host.check('date +%s.%N; cat /sys/class/rtc/rtc0/since_epoch 2>/dev/null || echo 0')).split(
    '\n',
  );
  return { system: Number(system), hardware: Number(hardware) };
}

/** The assignments of an os-release, unquoted as a shell would. Source: os-release(5). */
export function parseOsRelease(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const [, name, double, single, bare] = /^([A-Z][A-Z0-9_]*)=(?:"(.*)"|'(.*)'|(\S*))\s*$/.exec(line) ?? [];
      if (name === undefined) return [];
      return [[name, double?.replaceAll(/\\(["$`\\])/g, '$1') ?? single ?? bare ?? '']];
    }),
  );
}
