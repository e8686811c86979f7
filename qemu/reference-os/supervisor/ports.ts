import { log } from './log.ts';

/** `[[address:]outer[-outer]:]inner[-inner][/protocol]`, as in compose. */
const PORT = /^(?:(?:([a-fA-F\d.:]+):)?(\d*)(?:-(\d+))?:)?(\d+)(?:-(\d+))?(?:\/(udp|tcp))?$/;

export interface PublishedPorts {
  ExposedPorts: Record<string, Record<string, never>>;
  PortBindings: Record<string, { HostIp: string; HostPort: string }[]>;
}

/** Compose's ports in the engine's form. A port without an outer one is published under its own number (v19.0.5). */
export function publishedPorts(declared: string[]): PublishedPorts {
  const result: PublishedPorts = { ExposedPorts: {}, PortBindings: {} };
  for (const port of declared) {
    const match = PORT.exec(port);
    if (match === null) {
      log('warning', `Ignoring invalid port definition ${port}`);
      continue;
    }
    const [, address = '', outer, , inner = '', innerEnd, protocol = 'tcp'] = match;
    const first = Number(inner);
    const last = innerEnd === undefined ? first : Number(innerEnd);
    const firstOuter = outer === undefined || outer === '' ? first : Number(outer);
    for (let number = first; number <= last; number += 1) {
      const name = `${number}/${protocol}`;
      result.ExposedPorts[name] = {};
      (result.PortBindings[name] ??= []).push({ HostIp: address, HostPort: String(firstOuter + number - first) });
    }
  }
  return result;
}
