import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where services find their update locks, as the engine's bind mounts name it (facts: every service has it as /tmp/balena and /tmp/resin). */
export const SERVICE_DIRECTORY = '/tmp/balena-supervisor/services';

/** The version this supervisor behaves like; it is what /v2/version answers. */
export const SUPERVISOR_VERSION = '19.0.5';

/** Everything the supervisor finds on the device, and every pace it keeps. Tests point it at a temporary root. */
export interface Settings {
  /** `/` on a device. All files below are looked up under it; paths handed to the engine are not. */
  root: string;
  /** TCP port of the API; 0 lets the system choose. */
  port: number;
  /** Sockets the engine may listen on, the first that exists is taken. */
  engineSockets: string[];
  /** The program that speaks to the system bus. */
  busctl: string;
  /** Lock files of this owner count as the supervisor's own (v19.0.5: 65534, nobody). */
  lockOwner: number;
  paces: Paces;
}

/** Milliseconds. */
export interface Paces {
  /** From the 202 of a reboot to logind's Reboot. */
  powerDelay: number;
  /** The first wait after a failed apply; doubles with each further one. */
  backoffUnit: number;
  /** The longest wait between two attempts. */
  backoffLimit: number;
  /** How long an API call waits for an operation that holds the same app. */
  lockWait: number;
}

/** A device as the reference image makes it. The paces are those observed on v19.0.5: 1 s, 2^n × 0.5 s up to 32 s; 10 s by its source. */
export const deviceSettings: Settings = {
  root: '/',
  port: 48484,
  engineSockets: ['/run/balena-engine.sock', '/run/docker.sock', '/var/run/docker.sock'],
  busctl: '/usr/bin/busctl',
  lockOwner: 65534,
  paces: { powerDelay: 1000, backoffUnit: 500, backoffLimit: 32_000, lockWait: 10_000 },
};

export interface DeviceFiles {
  configJson: string;
  deviceTypeJson: string;
  osRelease: string;
  hostname: string;
  /** A preloaded app, read at start by a device that its cloud doesn't know yet. */
  appsJson: string;
  /** All that outlives the process: target state, keys, commits. On the data partition, so that both slots share it. */
  state: string;
  stateDirectory: string;
  serviceDirectory: string;
  modules: string;
  firmware: string;
  networkInterfaces: string;
}

export function filesUnder(root: string): DeviceFiles {
  const at = (path: string): string => join(root, path);
  return {
    configJson: at('/mnt/boot/config.json'),
    deviceTypeJson: at('/mnt/boot/device-type.json'),
    osRelease: at('/etc/os-release'),
    hostname: at('/etc/hostname'),
    appsJson: at('/mnt/data/apps.json'),
    state: at('/mnt/data/resin-data/balena-supervisor/state.json'),
    stateDirectory: at('/mnt/state'),
    serviceDirectory: at(SERVICE_DIRECTORY),
    modules: at('/lib/modules'),
    firmware: at('/lib/firmware'),
    networkInterfaces: at('/sys/class/net'),
  };
}

/** The engine's socket, looked up anew each time: the engine may start after the supervisor. */
export function engineSocket(settings: Settings): string {
  return settings.engineSockets.find((path) => existsSync(path)) ?? settings.engineSockets[0] ?? '/run/docker.sock';
}
