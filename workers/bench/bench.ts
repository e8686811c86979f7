import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  deviceType,
  freshDevice,
  serveParts,
  type Artifacts,
  type BenchParts,
  type Fresh,
  type ProvisionedDevice,
} from '../../devices/index.ts';
import { defaultCacheDirectory, takeCustody, type Custody } from '../../qemu/index.ts';
import { CommandError, UsageError } from '../errors.ts';
import type { BenchConfig, DeviceConfig } from './config.ts';
import { claimLease, leaseHolder, type Lease } from './lease.ts';
import { Freshness, type FreshUnit } from './freshness.ts';
import { processorsEach } from './host-share.ts';
import { whyQuarantined } from './quarantine.ts';
import { nearest } from '../../devices/nearest.ts';
import { stateDirectoryName } from '../state-directory.ts';

export interface ClaimRequest {
  config: BenchConfig;
  /** A device's id or a type's name; undefined: any. */
  device: string | undefined;
  /** How many devices to lease; fewer are taken where fewer are free, but at least one. */
  count: number;
  /** What they are leased for: a run's id. */
  purpose: string;
}

/** A device of the bench that is ours. */
export interface LeasedDevice {
  config: DeviceConfig;
  lease: Lease;
}

export interface BenchRequest {
  /** Released when the bench closes, and when it can't be opened. */
  leased: readonly LeasedDevice[];
  /** The flash image under test; undefined where boards are used with what is on their medium. */
  image: string | undefined;
  /** Its checksum, under which booted devices are kept. Default: none is kept, fresh devices boot. */
  imageSha256?: string;
  /** What begins on a fresh device. */
  fresh: FreshUnit;
  /** How many devices share this host's CPUs meanwhile. Default: those leased. */
  sharing?: number;
  /** Told of each fresh device but the first. */
  onFresh?: (device: ProvisionedDevice, fresh: Fresh) => void | Promise<void>;
  artifacts: Artifacts | undefined;
  runDirectory: string;
  signal: AbortSignal;
}

/** A device that is off until its first fresh start. */
export interface BenchDevice {
  readonly config: DeviceConfig;
  readonly parts: ProvisionedDevice & BenchParts;
  /** The first fresh device, before anything begins on it. @param onRestoring see freshDevice */
  first(onRestoring?: () => void): Promise<Fresh>;
}

/** The devices of this host that one owner has leased, served on a socket. */
export interface Bench extends AsyncDisposable {
  readonly devices: readonly BenchDevice[];
  readonly custody: Custody;
  readonly socketPath: string;
  readonly token: string;
}

/** The devices that a name asks for: one by id, all of a type, or all. Throws a UsageError that lists what there is. */
export function matchDevices(config: BenchConfig, name: string | undefined): DeviceConfig[] {
  const matches = config.devices.filter(({ id, type }) => name === undefined || id === name || type === name);
  if (matches.length > 0) return matches;
  const names = [...new Set(config.devices.flatMap(({ id, type }) => [id, type]))];
  const near = nearest(name ?? '', names);
  throw new UsageError(`there is no device or type “${name}”${near === undefined ? '' : `. Did you mean “${near}”?`}`, {
    advice: `Devices: ${config.devices.map(({ id, type }) => `${id} (${type})`).join(', ')}`,
  });
}

/** Provisions leased devices and serves them. What was taken is given back if a later step fails. */
export async function openBench(request: BenchRequest): Promise<Bench> {
  await using taken = new AsyncDisposableStack();

  for (const { lease } of request.leased) taken.defer(() => lease.release());

  // 1. Whatever the devices start or create from here on goes when this process goes.
  const custody = await takeCustody({ name: 'bench', root: join(process.cwd(), stateDirectoryName) });
  taken.use(custody);

  // 2. The devices, each from a fresh image.
  const devices: BenchDevice[] = [];
  for (const { config } of request.leased) {
    const type = await deviceType(config.type);
    const device = await type.provision({
      id: config.id,
      image: request.image,
      runDirectory: request.runDirectory,
      stateDirectory: join(custody.directory, config.id),
      artifacts: request.artifacts,
      ...(request.imageSha256 !== undefined && {
        snapshots: { directory: join(defaultCacheDirectory(), 'snapshots'), imageSha256: request.imageSha256 },
      }),
      custody,
      ...(config.wiring !== undefined && { wiring: config.wiring }),
      ...(config.memoryMiB !== undefined && { memoryMiB: config.memoryMiB }),
      cpus: config.cpus ?? processorsEach(request.sharing ?? request.leased.length),
      signal: request.signal,
    });
    taken.defer(() => device.release());
    const freshness = new Freshness({
      unit: request.fresh,
      dirt: device.dirt,
      make: () => freshDevice(device, { signal: request.signal }),
      onFresh: (fresh) => request.onFresh?.(device, fresh),
    });
    devices.push({
      config,
      parts: { ...device, begin: (work) => freshness.begin(work) },
      first: (onRestoring) => freshDevice(device, { signal: request.signal, onRestoring }),
    });
  }

  // 3. The socket on which suites, consoles and shells reach them.
  const token = randomBytes(24).toString('hex');
  const socketPath = join(custody.directory, 'bench.sock');
  await mkdir(custody.directory, { recursive: true });
  await writeFile(tokenFile(socketPath), token, { mode: 0o600 });
  const server = await serveParts(new Map(devices.map(({ parts }) => [parts.id, parts])), socketPath, token);
  taken.defer(() => server.close());
  for (const { lease } of request.leased) await lease.publish(socketPath);

  const held = taken.move();
  return { devices, custody, socketPath, token, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Beside the socket, readable by the bench's owner only. */
export function tokenFile(socketPath: string): string {
  return `${socketPath}.token`;
}

/** The type that leased devices have in common: an image is for one. */
export function typeOf([first]: readonly LeasedDevice[]): string {
  if (first === undefined) throw new RangeError('no device is leased');
  return first.config.type;
}

/** Leases devices of one type: where any will do, of the bench's first. Throws a CommandError that names the holders when none is free. */
export async function claimDevices({ config, device, count, purpose }: ClaimRequest): Promise<LeasedDevice[]> {
  const leases: LeasedDevice[] = [];
  const all = matchDevices(config, device);
  const matches = all.filter(({ type }) => type === all[0]?.type);
  const sick = new Map<string, string>();
  for (const match of matches) {
    if (leases.length === count) break;
    // One that is asked for by its name gets the chance to show that it is well again.
    const reason = match.id === device ? undefined : await whyQuarantined(match.id);
    if (reason !== undefined) {
      sick.set(match.id, reason);
      continue;
    }
    const lease = await claimLease(match.id, purpose);
    if (lease) leases.push({ config: match, lease });
  }
  if (leases.length > 0) return leases;
  const holders = await Promise.all(matches.map(({ id }) => leaseHolder(id)));
  const held = matches.map(({ id }, index) => {
    const holder = holders[index];
    const reason = sick.get(id);
    if (reason !== undefined) return `${id} is ${reason}`;
    return holder ? `${id} by ${holder.purpose} (process ${holder.pid}, since ${holder.since})` : `${id} until a moment ago`;
  });
  throw new CommandError(`no device is free: ${held.join('; ')}`, {
    exitCode: 3,
    advice:
      sick.size === 0
        ? 'Wait for one of these runs to end, or add a device to bench.yaml'
        : `Mend it, and ask for it by its name (--device ${[...sick.keys()][0]}): a good boot ends the quarantine`,
  });
}
