import {
  createDevice,
  type Boot,
  type BootTimeline,
  type Console,
  type ConsoleFault,
  type ProvisionedDevice,
} from '../../devices/index.ts';
import type { EventLog } from '../../reports/index.ts';

/** Tells the log of a device's boots and faults, from what its console recorded. */
export interface BootWatch {
  /** Tells what the console has shown since the last call: boots and faults, charged to a test. */
  tell(test: string, provoked: readonly ConsoleFault['kind'][]): Promise<void>;
}

/** Powers a device on, tells its boot stage by stage, and resolves once SSH, engine and supervisor answer. */
export async function bootDevice(parts: ProvisionedDevice, log: EventLog, signal: AbortSignal): Promise<BootWatch> {
  const device = createDevice(parts);
  try {
    const from = await parts.console.mark();
    log.write({ type: 'device-power', device: parts.id, state: 'on' });
    parts.onBootStage((boot) => tellStage(parts.id, boot, log));
    const boot = await device.ready({ signal });
    log.write({
      type: 'device-boot',
      device: parts.id,
      bootId: boot.id,
      cause: 'run',
      stages: boot.stages,
      totalSeconds: boot.totalSeconds,
    });
    return watchBoots(parts, log, from, boot);
  } finally {
    await device.close();
  }
}

/** Tells the stage that ends as another begins, for whoever looks on. */
function tellStage(device: string, { stages }: BootTimeline, log: EventLog): void {
  const [ended, begun] = stages.slice(-2);
  if (ended === undefined || begun === undefined) return;
  log.write({
    type: 'device-boot-stage',
    device,
    stage: { name: ended.name, seconds: Math.max(0, begun.at - ended.at) / 1000 },
  });
}

function watchBoots(parts: { id: string; console: Console }, log: EventLog, from: number, first: Boot): BootWatch {
  let mark = Math.max(from, first.console.from + 1);
  return {
    async tell(test, provoked) {
      const start = mark;
      mark = await parts.console.mark();
      for (const fault of await parts.console.faults({ from: start })) {
        if (fault.offset >= mark) continue;
        const { kind, line, offset } = fault;
        log.write({ type: 'console-fault', device: parts.id, kind, line, offset, expected: provoked.includes(kind) });
      }
      for (const boot of await parts.console.boots({ from: start })) {
        if (boot.offset >= mark) continue;
        const last = boot.stages.at(-1);
        if (!last) continue;
        // A stage lasts from its first line to the next stage's.
        const stages = boot.stages.map(({ name, at }, index) => ({
          name,
          seconds: Math.max(0, ((boot.stages[index + 1]?.at ?? at) - at) / 1000),
        }));
        log.write({
          type: 'device-boot',
          device: parts.id,
          cause: 'test',
          test,
          startedAt: new Date(boot.startedAt).toISOString(),
          stages,
          totalSeconds: Math.max(0, last.at - boot.startedAt) / 1000,
        });
      }
    },
  };
}
