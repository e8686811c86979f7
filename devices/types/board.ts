import { budgets } from '../budgets.ts';
import { ConsoleLine } from '../console/line.ts';
import { ConsoleRecorder } from '../console/recorder.ts';
import { commonStages } from '../console/stages.ts';
import { consoleSource } from '../console/wire.ts';
import type { Capability, Endpoint } from '../device.ts';
import { DeviceError } from '../errors.ts';
import { switched } from '../power/switched.ts';
import type { DeviceType, ProvisionedDevice, ProvisionRequest } from './device-type.ts';
import { notes } from './notes.ts';
import { openOutlet } from './wiring.ts';

/** What a type of boards has of its own. */
export type BoardType = Pick<DeviceType, 'name' | 'architecture'> & {
  /** Of the serial console as balenaOS sets it up, in bits a second. Default 115200. */
  baudRate?: number;
};

const usualBaudRate = 115_200;
/** Ports of a balenaOS development image: sshd, the engine, the supervisor. */
const usualPorts = { ssh: 22_222, engine: 2375, supervisor: 48_484 };
const capabilities: ReadonlySet<Capability> = new Set(['slots']);

/** A type whose devices are boards of a bench: a console and a switch at the ends of wires, an address on the network. Its medium is written by hand. */
export function board({ baudRate = usualBaudRate, ...type }: BoardType): DeviceType {
  return {
    ...type,
    wired: true,
    capabilities,
    bootStages: commonStages,
    platform: async () => ({ accelerator: 'none', reason: '' }),
    provision: (request) => provision(type.name, baudRate, request),
  };
}

async function provision(type: string, baudRate: number, request: ProvisionRequest): Promise<ProvisionedDevice> {
  const { id, runDirectory, artifacts, wiring } = request;
  if (wiring === undefined) throw new TypeError(`${id} is a board, and nothing says how it is wired`);
  // What was taken is given back in the opposite order: at release, or here if a later step fails.
  await using taken = new AsyncDisposableStack();
  const budget = budgets(1);

  // 1. The console, before anything is switched.
  const recorder = await ConsoleRecorder.open({ device: id, directory: runDirectory, stages: commonStages });
  taken.defer(() => recorder.close());
  const line = await ConsoleLine.connect(recorder, () => consoleSource(wiring.console, baudRate));
  taken.defer(() => line.close());

  // 2. The switch. A board that nobody looks after is off.
  const outlet = await openOutlet(wiring.power);
  taken.defer(async () => outlet.close?.());
  const power = switched({
    outlet,
    budget: Math.max(budget.powerOn, budget.powerOff),
    onPowerOn: () => recorder.poweredOn(),
    ...(wiring.offForMs !== undefined && { offFor: wiring.offForMs }),
  });
  taken.defer(() => power.off());

  const kept = notes();
  let used = false;
  const at = (service: keyof typeof usualPorts): Endpoint => ({
    host: wiring.address,
    port: wiring.ports?.[service] ?? usualPorts[service],
  });
  const held = taken.move();
  return {
    id,
    type,
    capabilities,
    budgets: budget,
    ...kept.parts,
    consoleLog: recorder.path,
    console: recorder,
    power,
    endpoints: async () => ({ ssh: at('ssh'), engine: at('engine'), supervisor: at('supervisor') }),
    async artifacts() {
      if (artifacts !== undefined) return artifacts;
      throw new DeviceError(`${id} was switched on without an image`, { blame: 'test', advice: 'Give one with --image.' });
    },
    async renew() {
      await power.off();
      kept.forget();
      const before = used;
      used = true;
      return { restores: false, ...(before && { reason: 'its medium is written by hand: what went before is still on it' }) };
    },
    onBootStage: (listener) => recorder.onBootStage(listener),
    release: () => held.disposeAsync(),
  };
}
