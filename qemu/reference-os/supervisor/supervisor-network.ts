import type { Engine } from './engine.ts';

/** The bridge through which services reach the API (v19.0.5). */
export const SUPERVISOR_NETWORK = { name: 'supervisor0', subnet: '10.114.104.0/25', gateway: '10.114.104.1' };

/** Makes the network, or makes it anew where it is another than it should be. */
export async function ensureSupervisorNetwork(engine: Engine): Promise<void> {
  const { name, subnet, gateway } = SUPERVISOR_NETWORK;
  const present = await engine.network(name);
  const [pool] = present?.subnets ?? [];
  if (present?.options['com.docker.network.bridge.name'] === name && pool?.subnet === subnet && pool.gateway === gateway) return;
  if (present !== undefined) await engine.removeNetwork(name);
  await engine.createNetwork({
    Name: name,
    Driver: 'bridge',
    Options: { 'com.docker.network.bridge.name': name },
    IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway }] },
  });
}
