import { budgets } from '../budgets.ts';
import { addressSeenFrom } from '../clock/seen-from.ts';
import { SntpServer } from '../clock/sntp.ts';
import { ConsoleLine } from '../console/line.ts';
import { ConsoleRecorder } from '../console/recorder.ts';
import { commonStages } from '../console/stages.ts';
import { consoleSource } from '../console/wire.ts';
import type { Endpoint } from '../device.ts';
import { DeviceError } from '../errors.ts';
import { outlets } from '../power/outlets/index.ts';
import { signOfLife } from '../power/sign-of-life.ts';
import { switched } from '../power/switched.ts';
import { MadeSticks } from '../sticks/made-sticks.ts';
import { MuxedPorts, type StickPlaceOptions } from '../sticks/muxed.ts';
import { Card } from '../storage/card.ts';
import { muxes } from '../storage/muxes/index.ts';
import type { DeviceType, ProvisionedDevice, ProvisionRequest } from './device-type.ts';
import { notes } from './notes.ts';
import { usualBaudRate, usualPorts, type MuxedDisk } from './wiring.ts';

/** What a type of boards has of its own. */
export type BoardType = Pick<DeviceType, 'name' | 'architecture'> & {
  /** Of the serial console as balenaOS sets it up, in bits a second. Default 115200. */
  baudRate?: number;
};

/**
 * A type whose devices are boards of a bench: a console and a switch at the ends of wires, an address on the network. Its card is written by hand, unless
 * it is behind a multiplexer.
 */
export function board({ baudRate = usualBaudRate, ...type }: BoardType): DeviceType {
  return {
    ...type,
    wired: true,
    bootStages: commonStages,
    platform: async () => ({ accelerator: 'none', reason: '' }),
    provision: (request) => provision(type.name, baudRate, request),
  };
}

async function provision(type: string, baudRate: number, request: ProvisionRequest): Promise<ProvisionedDevice> {
  const { id, image, runDirectory, stateDirectory, artifacts, wiring, signal } = request;
  if (wiring === undefined) throw new TypeError(`${id} is a board, and nothing says how it is wired`);
  // What was taken is given back in the opposite order: at release, or here if a later step fails.
  await using taken = new AsyncDisposableStack();
  const budget = budgets(1);

  const at = (service: keyof typeof usualPorts): Endpoint => ({
    host: wiring.address,
    port: wiring.ports?.[service] ?? usualPorts[service],
  });

  // 1. The console, before anything is switched.
  const recorder = await ConsoleRecorder.open({ device: id, directory: runDirectory, stages: commonStages });
  taken.defer(() => recorder.close());
  const line = await ConsoleLine.connect(recorder, () => consoleSource(wiring.console, baudRate));
  taken.defer(() => line.close());

  // 2. Its card, where the bench can take hold of it.
  const card = wiring.medium && (await cardOf(id, wiring.medium));

  // 3. The switch. A board that nobody looks after is off.
  const outlet = await outlets.open(wiring.power);
  taken.defer(async () => outlet.close?.());
  const power = switched({
    outlet,
    budget: Math.max(budget.powerOn, budget.powerOff),
    async onPowerOn() {
      await card?.insert();
      await recorder.poweredOn();
    },
    signOfLife: () => signOfLife(at('ssh')),
    ...(wiring.offForMs !== undefined && { offFor: wiring.offForMs }),
  });
  taken.defer(() => power.off());

  // 4. The time that it is told.
  const clock = await SntpServer.start({
    listen: '0.0.0.0',
    port: wiring.clock?.port,
    seenAs: async () => wiring.clock?.address ?? addressSeenFrom(wiring.address),
  });
  taken.defer(() => clock.close());

  // 5. The sticks in its ports.
  const places = await Promise.all((wiring.sticks ?? []).map((wires, index) => stickPlace(`${id}’s stick ${index + 1}`, wires)));
  const sticks = places.length === 0 ? undefined : new MadeSticks(stateDirectory, new MuxedPorts(places));
  if (sticks !== undefined) taken.defer(() => sticks.release());

  const kept = notes();
  let used = false;
  const held = taken.move();
  return {
    id,
    type,
    budgets: budget,
    ...kept.parts,
    consoleLog: recorder.path,
    console: recorder,
    power,
    clock,
    ...(sticks !== undefined && { sticks }),
    endpoints: async () => ({ ssh: at('ssh'), engine: at('engine'), supervisor: at('supervisor') }),
    async artifacts() {
      if (artifacts !== undefined) return artifacts;
      throw new DeviceError(`${id} was switched on without an image`, { blame: 'test', advice: 'Give one with --image.' });
    },
    async renew() {
      await power.off();
      await sticks?.clear();
      await clock.serve({ answer: 'blocked' });
      kept.forget();
      if (card !== undefined && image !== undefined) {
        await card.write(image, { signal });
        kept.clean();
        return { restores: false };
      }
      const before = used;
      used = true;
      return { restores: false, ...(before && { reason: 'its medium isn’t written by the bench: what went before is still on it' }) };
    },
    onBootStage: (listener) => recorder.onBootStage(listener),
    release: () => held.disposeAsync(),
  };
}

async function cardOf(device: string, wires: MuxedDisk): Promise<Card> {
  return new Card({ device, ...(await behindMux(wires)) });
}

async function stickPlace(what: string, wires: MuxedDisk): Promise<StickPlaceOptions> {
  return { what, ...(await behindMux(wires)) };
}

async function behindMux({ mux, disk, minBytes, maxBytes }: MuxedDisk) {
  const rules = { ...(minBytes !== undefined && { minBytes }), ...(maxBytes !== undefined && { maxBytes }) };
  return { mux: await muxes.open(mux), disk, rules };
}
