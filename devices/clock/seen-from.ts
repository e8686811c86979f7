import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { ClockUnavailable } from './errors.ts';

/**
 * Under which IPv4 address another host sees this one: the address that packets to it would have as their source. Sends nothing.
 * Throws ClockUnavailable where its name isn't known, or no route leads to it.
 */
export async function addressSeenFrom(other: string): Promise<string> {
  const socket = createSocket('udp4');
  try {
    const { address } = await lookup(other, { family: 4 });
    // Port 9 is “discard”; any would do, for connecting a datagram socket only looks up the route.
    socket.connect(9, address);
    await once(socket, 'connect');
    return socket.address().address;
  } catch (cause) {
    throw new ClockUnavailable(
      `the address under which ${other} sees this bench isn't known: ${cause instanceof Error ? cause.message : String(cause)}`,
      { blame: 'infra', advice: 'Say it in bench.yaml: clock: { address: … }; the time server speaks IPv4.', cause },
    );
  } finally {
    socket.close();
  }
}
