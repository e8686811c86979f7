import { createSocket } from 'node:dgram';
import { readReply, request } from './ntp-packet.ts';

/**
 * Asks an NTP server once. Resolves with its answer, or undefined when none comes within the budget (milliseconds) or the port is
 * unreachable.
 */
export async function askTime(server: { host: string; port: number }, budget: number): Promise<ReturnType<typeof readReply> | undefined> {
  const socket = createSocket('udp4');
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const timer = setTimeout(() => resolve(undefined), budget);
  socket.on('message', resolve);
  // Connected, so that the host's "port unreachable" comes as an error.
  socket.on('error', () => resolve(undefined));
  socket.connect(server.port, server.host, () => socket.send(request(Date.now())));
  const answer = await promise;
  clearTimeout(timer);
  socket.close();
  return answer === undefined ? undefined : readReply(answer);
}
