import { lives } from './boot/lives.ts';
import { budgets as budgetsFor, emulationSlowness } from './budgets.ts';
import type { DeviceParts, Capability, Device } from './device.ts';
import { dockerEngine } from './engine/docker-engine.ts';
import type { HostKeys } from './shell/host-keys.ts';
import type { Shell } from './shell/shell.ts';
import { SshShell } from './shell/ssh.ts';
import { hostSlots } from './slots/host-slots.ts';
import { httpSupervisor } from './supervisor/http.ts';

export interface DeviceOptions {
  /** How many times slower than hardware the device is. Default: as slow as software emulation, the slowest there is. */
  slowness?: number;
  /** Default: SSH at the bench's endpoint. */
  host?: Shell;
}

/** A whole device from the parts that its bench owns and those that are reached over the network from here. */
export function createDevice(parts: DeviceParts, options: DeviceOptions = {}): Device {
  const { id, type, console, power, sticks, clock } = parts;
  const slowness = options.slowness ?? emulationSlowness;
  const budgets = budgetsFor(slowness);
  const endpoint = (name: 'ssh' | 'engine' | 'supervisor') => async () => (await parts.endpoints())[name];

  // The supervisor starts long after the network, so its port tells when that comes up.
  const ssh = { endpoint: endpoint('ssh'), idleDoor: endpoint('supervisor') };
  const host = options.host ?? new SshShell({ ...ssh, hostKeys: benchHostKeys(parts), slowness });
  const supervisor = httpSupervisor({ endpoint: endpoint('supervisor'), timeout: budgets.command });
  const engine = dockerEngine({
    endpoint: endpoint('engine'),
    supervisor,
    serviceImage: async () => (await parts.artifacts()).serviceImage,
    budgets,
  });
  const slots = hostSlots({ host, sticks, budgets, updateFile: async () => (await parts.artifacts()).update });

  const capabilities = new Set<Capability>(['slots']);
  if (sticks !== undefined) capabilities.add('sticks');
  if (sticks !== undefined && sticks.atOnce > 1) capabilities.add('two-sticks');
  if (clock !== undefined) capabilities.add('clock');

  return {
    id,
    type,
    capabilities,
    console,
    power,
    host,
    engine,
    supervisor,
    slots,
    ...(sticks !== undefined && { sticks }),
    ...(clock !== undefined && { clock }),
    ...lives({
      parts,
      host,
      supervisor,
      budgets,
      async services({ timeout, signal }) {
        const waiting = { timeout, ...(signal && { signal }) };
        await Promise.all([engine.ready(waiting), supervisor.ready(waiting)]);
      },
    }),
    artifacts: () => parts.artifacts(),
    markDirty: (reason) => parts.markDirty(reason),
    recall: (key) => parts.recall(key),
    remember: (key, value) => parts.remember(key, value),
    close: () => host.close(),
  };
}

/** The device's SSH host key, kept with the bench: every process of a run expects the one that the first of them saw. */
function benchHostKeys(parts: Pick<DeviceParts, 'recall' | 'remember'>): HostKeys {
  const place = 'ssh-host-key';
  return {
    async pinned() {
      const kept = await parts.recall(place);
      return typeof kept === 'string' ? kept : undefined;
    },
    pin: (fingerprint) => parts.remember(place, fingerprint),
  };
}
