import { readFile } from 'node:fs/promises';
import type { Device } from './device.ts';
import { BadRequest, DeviceFileError, messageOf } from './errors.ts';
import { type JsonRecord, isRecord } from './json-values.ts';
import type { DeviceFiles } from './settings.ts';

/** The digits of the uuid that make a device's default name. */
const SHORT_UUID = 7;

/** The host's name in force: the old one, after a change, until the OS has applied the new one. */
export async function readHostConfig(files: DeviceFiles): Promise<{ network: { hostname: string } }> {
  try {
    return { network: { hostname: (await readFile(files.hostname, 'utf8')).trim() } };
  } catch (error) {
    throw new DeviceFileError(messageOf(error), { cause: error });
  }
}

/**
 * The name that a PATCH asks for; undefined where it asks for none. An empty one means the short uuid.
 * @throws BadRequest for a body without `network`, or with a name that is no string
 */
export function requestedHostname(body: JsonRecord, device: Device): string | undefined {
  const { network } = body;
  if (!isRecord(network)) throw malformed('{ network: object }', 'network', network);
  const { hostname } = network;
  if (hostname === undefined) return undefined;
  if (typeof hostname !== 'string') throw malformed('string', 'network.hostname', hostname);
  return hostname === '' ? device.uuid.slice(0, SHORT_UUID) : hostname;
}

function malformed(type: string, path: string, seen: unknown): BadRequest {
  const value = seen === undefined ? 'undefined' : JSON.stringify(seen);
  return new BadRequest(`Could not parse host config input to a valid format:\nExpecting ${type} at ${path} but instead got: ${value}`);
}
