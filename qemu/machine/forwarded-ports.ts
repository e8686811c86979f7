import { QemuError } from '../errors.ts';
import type { Forward } from './machine.ts';

/**
 * The host port of each forward, read off the human monitor's `info usernet`: QMP has no command for it. A line looks like
 * `  TCP[HOST_FORWARD]   9       127.0.0.1 44007       10.0.2.15 22222     0     0`.
 */
export function forwardedPorts<Name extends string>(forwards: Record<Name, Forward>, usernet: string): Record<Name, number> {
  const hostPortOf = new Map<number, number>();
  for (const match of usernet.matchAll(/^\s*TCP\[HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)\s+\S+\s+(\d+)\s/gm)) {
    hostPortOf.set(Number(match[2]), Number(match[1]));
  }
  const ports: Partial<Record<Name, number>> = {};
  for (const name of namesOf(forwards)) {
    const port = hostPortOf.get(forwards[name].guest);
    if (port === undefined) {
      throw new QemuError(`QEMU lists no host port for “${name}” (guest port ${forwards[name].guest})`, {
        advice: 'This QEMU may print `info usernet` in another form: report its version.',
        evidence: [usernet],
      });
    }
    ports[name] = port;
  }
  if (!isComplete(forwards, ports)) throw new TypeError('a forward was left out');
  return ports;
}

function namesOf<Name extends string>(forwards: Record<Name, Forward>): Name[] {
  const names: Name[] = [];
  for (const name in forwards) names.push(name);
  return names;
}

function isComplete<Name extends string>(
  forwards: Record<Name, Forward>,
  ports: Partial<Record<Name, number>>,
): ports is Record<Name, number> {
  return namesOf(forwards).every((name) => ports[name] !== undefined);
}
