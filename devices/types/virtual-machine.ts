import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  copyBootFiles,
  inspectImage,
  selectAccelerator,
  startMachine,
  type Hardware,
  type Machine,
  type MachineSpec,
} from '../../qemu/index.ts';
import { budgets, emulationSlowness } from '../budgets.ts';
import { SntpServer } from '../clock/sntp.ts';
import { ConsoleRecorder } from '../console/recorder.ts';
import { commonStages } from '../console/stages.ts';
import { tty } from '../console/tty.ts';
import type { Endpoint, Endpoints } from '../device.ts';
import { DeviceError } from '../errors.ts';
import { QemuPower, type Load } from '../power/qemu.ts';
import { QemuDisk } from '../storage/qemu-disk.ts';
import { MadeSticks } from '../sticks/made-sticks.ts';
import { QemuPorts } from '../sticks/qemu.ts';
import type { DeviceType, ProvisionedDevice, ProvisionRequest } from './device-type.ts';
import { notes } from './notes.ts';
import { usualPorts } from './wiring.ts';

/** A type of virtual machines: what else there is to say of it, they have in common. */
export type VirtualMachineType = Pick<DeviceType, 'name' | 'architecture' | 'firmware'> & { hardware: Hardware };

/** Something was asked of a device that only one with its power on can give. */
export class DeviceOff extends DeviceError {
  override readonly name = 'DeviceOff';
}

/** Under which QEMU's user network shows the guest this host's loopback. Source: QEMU's net/slirp.c. */
const hostSeenByGuest = '10.0.2.2';

const forwards = { ssh: { guest: usualPorts.ssh }, engine: { guest: usualPorts.engine }, supervisor: { guest: usualPorts.supervisor } };
type Services = keyof typeof forwards;

/** A type whose devices are virtual machines with a disk, a network and sticks of this host, and with a clock to follow. */
export function virtualMachine({ hardware, ...type }: VirtualMachineType): DeviceType {
  return {
    ...type,
    wired: false,
    bootStages: commonStages,
    platform: ({ signal }) => selectAccelerator({ emulator: hardware.emulator, signal }),
    provision: (request) => provision(type.name, hardware, request),
  };
}

async function provision(type: string, hardware: Hardware, request: ProvisionRequest): Promise<ProvisionedDevice> {
  const { id, image, runDirectory, stateDirectory, artifacts, custody, memoryMiB = 768, cpus = 2, signal } = request;
  if (image === undefined || artifacts === undefined) throw new TypeError(`${id} is a virtual machine, and nothing says what it boots`);
  // What was taken is given back in the opposite order: at release, or here if a later step fails.
  await using taken = new AsyncDisposableStack();

  // 1. The disk: everything that the device writes goes into an overlay that lives over its power cycles, until it is made fresh.
  const accelerator = await selectAccelerator({ emulator: hardware.emulator, ...(signal && { signal }) });
  const base = await inspectImage(image);
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  taken.defer(() => rm(stateDirectory, { recursive: true, force: true }));
  const bootFiles =
    hardware.bootFiles &&
    (await copyBootFiles({
      image: base.file,
      names: hardware.bootFiles,
      directory: join(stateDirectory, 'boot'),
      ...(signal && { signal }),
    }));
  const spec: MachineSpec<Services> = {
    id,
    custody,
    accelerator,
    hardware,
    disk: { file: join(stateDirectory, 'disk.qcow2'), format: 'qcow2' },
    forwards,
    log: join(runDirectory, `qemu-${id}.log`),
    cpus,
    memoryMiB,
    ...(bootFiles && { bootFiles }),
  };
  const disk = await QemuDisk.insert({ base, spec, snapshots: hardware.savable ? request.snapshots : undefined, signal });

  // 2. What is around it.
  const recorder = await ConsoleRecorder.open({ device: id, directory: runDirectory, stages: commonStages });
  taken.defer(() => recorder.close());
  const clock = await SntpServer.start({ listen: '127.0.0.1', seenAs: async () => hostSeenByGuest });
  taken.defer(() => clock.close());
  const usbPorts = new QemuPorts();
  const sticks = new MadeSticks(join(stateDirectory, 'sticks'), usbPorts);
  taken.defer(() => sticks.release());

  // 3. The switch that brings them together.
  let restored = false;
  const budget = budgets(accelerator.accelerator === 'kvm' ? 1 : emulationSlowness);
  const power = new QemuPower<Machine<Services>>({
    id,
    async start() {
      const memory = disk.takeMemory();
      restored = memory !== undefined;
      return startMachine({ ...spec, ...(memory !== undefined && { memory }) });
    },
    loads: [recorded(recorder, () => restored), usbPorts],
    offBudget: budget.powerOff,
  });
  taken.defer(() => power.off());

  const kept = notes();
  const held = taken.move();
  return {
    id,
    type,
    budgets: budget,
    ...kept.parts,
    consoleLog: recorder.path,
    console: recorder,
    power,
    sticks,
    clock,
    endpoints: async () => endpointsOf(power, id),
    artifacts: async () => artifacts,
    async renew({ restore = true } = {}) {
      await power.off();
      await sticks.clear();
      await clock.serve({ answer: 'blocked' });
      kept.forget();
      kept.clean();
      return disk.renew({ restore });
    },
    ...(disk.canBeKept && {
      async keep(options: { signal?: AbortSignal } = {}) {
        const { machine } = power;
        if (machine === undefined) throw deviceOff(id, 'can’t be kept');
        await disk.keep(machine, options);
        await power.off();
      },
    }),
    onBootStage: (listener) => recorder.onBootStage(listener),
    release: () => held.disposeAsync(),
  };
}

/** From QEMU's end to the port's word of it, in milliseconds; otherwise some milliseconds. */
const hangUpBudget = 2_000;

/** The recorder, listening to each machine from before its first instruction until its PTY is gone. */
function recorded(recorder: ConsoleRecorder, isRestored: () => boolean): Load {
  let closed: Promise<unknown> = Promise.resolve();
  return {
    async connect({ console }) {
      await recorder.poweredOn({ restored: isRestored() });
      ({ closed } = await recorder.attach(tty(console)));
    },
    async disconnect() {
      // What QEMU wrote last is still in the PTY, and its end comes after it. node-serialport was seen to miss that end, once in some thirty power cuts on a busy
      // host: then the port is closed from this side.
      const ended = await Promise.race([closed.then(() => true), pause(hangUpBudget, false, { ref: false })]);
      if (!ended) await recorder.detach();
      await closed;
    },
  };
}

function endpointsOf({ machine }: QemuPower<Machine<Services>>, id: string): Endpoints {
  if (machine === undefined) throw deviceOff(id, 'has no network services');
  const { ssh, engine, supervisor } = machine.ports;
  return { ssh: local(ssh), engine: local(engine), supervisor: local(supervisor) };
}

const deviceOff = (id: string, consequence: string): DeviceOff =>
  new DeviceOff(`${id} is off and ${consequence}`, { blame: 'test', advice: 'Call power.on() first.' });

function local(port: number): Endpoint {
  return { host: '127.0.0.1', port };
}
