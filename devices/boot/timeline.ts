import type { BootTimeline } from '../console/console.ts';
import type { Boot } from '../device.ts';

/**
 * How long each stage took: from its first sight to the next one's. What lies between the login prompt and the first answer over SSH
 * is called ssh.
 * @param answeredAt epoch milliseconds of the first answered command; undefined where nobody waited for it
 */
export function stagesOf({ stages }: BootTimeline, answeredAt: number | undefined): Boot['stages'] {
  const login = stages.find(({ name }) => name === 'login');
  const lasting = stages.filter(({ name }) => name !== 'login' && name !== 'ssh');
  const end = login?.at ?? answeredAt;
  const took = lasting.map(({ name, at }, index) => ({ name, seconds: secondsFrom(at, lasting[index + 1]?.at ?? end ?? at) }));
  if (login === undefined || answeredAt === undefined) return took;
  return [...took, { name: 'ssh', seconds: secondsFrom(login.at, answeredAt) }];
}

/** A device that answers before its console got round to saying so has taken no time for it. */
function secondsFrom(start: number, end: number): number {
  return Math.max(0, end - start) / 1000;
}
