import type { BootTimeline, ConsoleFault, Fresh, ProvisionedDevice } from '../../devices/index.ts';
import type { EventLog } from '../../reports/index.ts';
import type { BenchDevice } from '../bench/bench.ts';

type BootCause = 'run' | 'suite' | 'test';

/** Tells the log of a device's boots and faults, from what its console recorded. */
export class BootWatch {
  readonly #parts: ProvisionedDevice;
  readonly #log: EventLog;
  /** What the console said before was told, and so many boots. Counted, because a power cut may come before the boot before has said a word. */
  #mark = 0;
  #boots = 0;

  constructor(parts: ProvisionedDevice, log: EventLog) {
    this.#parts = parts;
    this.#log = log;
    parts.onBootStage((boot) => tellStage(parts.id, boot, log));
  }

  /** Tells of a fresh device: boots by the loader, and restored ones. */
  async fresh({ boots, reason }: Fresh, cause: BootCause): Promise<void> {
    const device = this.#parts.id;
    if (reason !== undefined)
      this.#log.write({ type: 'step', kind: 'provision', name: 'restore', state: 'failed', device, detail: reason });
    for (const { id, stages, totalSeconds, readySeconds } of boots) {
      const took = { totalSeconds, ...(readySeconds !== undefined && { readySeconds }) };
      this.#log.write({ type: 'device-boot', device, bootId: id, cause, stages, ...took });
    }
    const { console } = this.#parts;
    this.#mark = await console.mark();
    this.#boots = (await console.boots()).length;
  }

  /** Tells what the console has shown since the last call: boots and faults, charged to a test. */
  async tell(test: string, provoked: readonly ConsoleFault['kind'][]): Promise<void> {
    const { id: device, console } = this.#parts;
    const from = this.#mark;
    this.#mark = await console.mark();
    for (const fault of await console.faults({ from })) {
      if (fault.offset >= this.#mark) continue;
      const { kind, line, offset } = fault;
      this.#log.write({ type: 'console-fault', device, kind, line, offset, expected: provoked.includes(kind) });
    }
    const boots = (await console.boots()).slice(this.#boots);
    this.#boots += boots.length;
    for (const boot of boots) {
      const last = boot.stages.at(-1);
      if (!last) continue;
      // A stage lasts from its first line to the next stage's.
      const stages = boot.stages.map(({ name, at }, index) => ({
        name,
        seconds: Math.max(0, ((boot.stages[index + 1]?.at ?? at) - at) / 1000),
      }));
      this.#log.write({
        type: 'device-boot',
        device,
        cause: 'test',
        test,
        startedAt: new Date(boot.startedAt).toISOString(),
        stages,
        totalSeconds: Math.max(0, last.at - boot.startedAt) / 1000,
      });
    }
  }
}

/** Powers a device on for the first time and tells its boot stage by stage; resolves once SSH, engine and supervisor answer. */
export async function firstBoot(device: BenchDevice, log: EventLog, onRestoring?: () => void): Promise<BootWatch> {
  const { parts } = device;
  const watch = new BootWatch(parts, log);
  log.write({ type: 'device-power', device: parts.id, state: 'on' });
  await watch.fresh(await device.first(onRestoring), 'run');
  return watch;
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
