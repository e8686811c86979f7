import type { BootStageName, BootTimeline, ConsoleFault } from './console.ts';
import { troubleIn } from './faults.ts';
import type { ConsoleLine } from './lines.ts';
import { commonStages, stageOrder, type ConsoleStages } from './stages.ts';

/** kernel/reboot.c: printed with KERN_EMERG, so that `quiet` doesn't hide it. The boot ends here. */
const lastLine = /reboot: (?:Restarting system|Power down|System halted)/;
/** arch/x86/kernel/reboot.c, after the last line. */
const afterLastLine = /reboot: machine restart/;
/** systemd's last process, once the units are stopped; its lines reach the console without a level. */
const shuttingDownLine =
  /systemd-shutdown\[1\]: |systemd\[1\]: Reached target .*(?:Reboot|Power Off|Shutdown|Halt)|Reached target .*reboot\.target/;

interface Life {
  timeline: BootTimeline;
  /** The line that showed each stage first: a banner that comes word for word again is another boot's. */
  banners: Map<BootStageName, string>;
  shuttingDown: boolean;
  /** It said its last line: what follows is the next boot. */
  ended: boolean;
  /** A panic explains the reset that follows. */
  panicked: boolean;
  /** Trouble that was told, word for word: somebody who prints the kernel's log doesn't break the device again. */
  told: Set<string>;
}

/**
 * Reads boots and faults off a console's lines. A boot begins at power-on, or when firmware, loader or kernel start anew; that is unexpected
 * when the boot before neither ended by its own word nor panicked (the panic is the fault then), and nobody announced the reset.
 */
export class BootWatcher {
  readonly boots: BootTimeline[] = [];
  readonly faults: ConsoleFault[] = [];
  readonly #stages: { name: BootStageName; pattern: RegExp }[];
  #life: Life | undefined;
  #resetAnnounced = false;
  /** Some boot of this log began before its kernel: a kernel that begins alone is somebody printing the kernel's log. */
  #kernelNeverFirst = false;
  /** The first line after a boot's last one. */
  #afterEnd: ConsoleLine | undefined;

  readonly #onStage: (boot: BootTimeline) => void;

  /** @param onStage called each time a boot reaches a stage, with that boot as it stands */
  constructor(stages: ConsoleStages = commonStages, onStage: (boot: BootTimeline) => void = () => undefined) {
    this.#onStage = onStage;
    this.#stages = stageOrder.flatMap((name) => {
      const pattern = stages[name];
      return pattern === undefined ? [] : [{ name, pattern }];
    });
  }

  poweredOn(at: number, offset: number): void {
    this.#begin(at, offset);
  }

  restored(at: number, offset: number): void {
    this.#begin(at, offset);
    this.#life?.timeline.stages.push({ name: 'restored', at, offset });
  }

  announceReset(): void {
    this.#resetAnnounced = true;
  }

  read(line: ConsoleLine): void {
    const stage = this.#stages.find(({ pattern }) => pattern.test(line.text))?.name;
    if (this.#life?.ended === true && line.text.trim() !== '' && !afterLastLine.test(line.text)) this.#afterEnd ??= line;
    if (stage !== undefined) this.#reached(stage, line);
    if (line.whole) this.#readTrouble(line);
  }

  #reached(name: BootStageName, line: ConsoleLine): void {
    if (this.#beginsAnew(name, line)) {
      const { panicked, ended } = this.#life ?? { panicked: true, ended: true };
      if (!panicked && !ended && !this.#resetAnnounced) this.#fault('unexpected-reset', line);
      const first = this.#afterEnd ?? line;
      this.#begin(first.startedAt, first.offset);
    }
    const life = this.#life;
    if (life === undefined) return;
    // A line that was still open when it showed its stage may have grown.
    if (life.banners.has(name) && !this.#sameLine(name, line)) return;
    life.banners.set(name, line.text);
    if (this.#sameLine(name, line)) return;
    if (name === 'firmware' || name === 'loader') this.#kernelNeverFirst = true;
    life.timeline.stages.push({ name, at: line.at, offset: line.offset });
    this.#onStage(life.timeline);
  }

  #beginsAnew(name: BootStageName, line: ConsoleLine): boolean {
    const life = this.#life;
    const early = name === 'firmware' || name === 'loader' || name === 'kernel';
    if (life === undefined) return early;
    if (life.ended) return true;
    if (!early || (!line.whole && life.banners.has(name))) return false;
    const later = life.timeline.stages.some((stage) => stageOrder.indexOf(stage.name) > stageOrder.indexOf(name));
    if (name === 'kernel' && this.#kernelNeverFirst) return false;
    return later || (line.whole && life.banners.get(name) === line.text && !this.#sameLine(name, line));
  }

  /** The line that showed the stage, seen again because it was still open then. */
  #sameLine(name: BootStageName, line: ConsoleLine): boolean {
    return this.#life?.timeline.stages.some((stage) => stage.name === name && stage.offset === line.offset) ?? false;
  }

  #begin(startedAt: number, offset: number): void {
    const timeline: BootTimeline = { startedAt, offset, stages: [] };
    this.boots.push(timeline);
    this.#life = { timeline, banners: new Map(), shuttingDown: false, ended: false, panicked: false, told: new Set() };
    this.#resetAnnounced = false;
    this.#afterEnd = undefined;
  }

  #readTrouble(line: ConsoleLine): void {
    const life = this.#life;
    if (life !== undefined && shuttingDownLine.test(line.text)) life.shuttingDown = true;
    if (life !== undefined && lastLine.test(line.text)) life.ended = true;
    const kind = troubleIn(line.text, { shuttingDown: life?.shuttingDown ?? false });
    if (kind === undefined || life?.told.has(line.text)) return;
    life?.told.add(line.text);
    if (life !== undefined && kind === 'panic') life.panicked = true;
    this.#fault(kind, line);
  }

  #fault(kind: ConsoleFault['kind'], { text, offset, at }: ConsoleLine): void {
    this.faults.push({ kind, line: text, offset, at });
  }
}
