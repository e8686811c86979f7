import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { hasCode } from './errors.ts';
import type { DeviceFiles } from './settings.ts';

/** The engine's bridges, tunnels and the OS's own: none of them says where the device is (v19.0.5). */
const INTERNAL =
  /^(?:(?:balena|docker|rce|tun)\d+|resin-vpn|lo|resin-dns|supervisor0|balena-redsocks|resin-redsocks|br-[0-9a-f]{12}|veth.*)$/;
/** The kernel's ARPHRD_ETHER. */
const ETHERNET = '1';

/** The device's addresses, blank-separated: IPv4, and IPv6 beyond the link. */
export function ipAddresses(): string {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !INTERNAL.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter((address) => !address.internal && (address.family === 'IPv4' || address.scopeid === 0))
    .map(({ address }) => address)
    .join(' ');
}

/** The MAC addresses of its Ethernet interfaces that belong to no bridge, blank-separated, in capitals. */
export async function macAddresses(files: DeviceFiles): Promise<string> {
  const found = new Set<string>();
  for (const name of await readdir(files.networkInterfaces).catch(emptyIfMissing)) {
    const at = (file: string): string => join(files.networkInterfaces, name, file);
    if (INTERNAL.test(name) || !existsSync(at('type')) || existsSync(at('master'))) continue;
    if ((await readFile(at('type'), 'utf8')).trim() !== ETHERNET) continue;
    found.add((await readFile(at('address'), 'utf8')).trim().toUpperCase());
  }
  return [...found].filter(Boolean).join(' ');
}

function emptyIfMissing(error: unknown): string[] {
  if (hasCode(error, 'ENOENT')) return [];
  throw error;
}
