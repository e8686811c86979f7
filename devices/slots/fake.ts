import { InstallFailed, NothingInstalled } from './errors.ts';
import type { Slot, SlotFault, Slots, SlotState } from './slots.ts';

const otherOf: Record<Slot, Slot> = { A: 'B', B: 'A' };
const partOf: Record<Slot, number> = { A: 2, B: 3 };
const updatePath = '/run/fake-update/update.hostapp';

/** Two slots in memory, with GRUB's counting. `boot` is what a loader and the rollback units of the OS would do at a reboot. */
export class FakeSlots implements Slots {
  readonly #versions: Record<Slot, string | undefined> = { A: 'fake 1.0.0', B: undefined };
  readonly #faults = new Set<SlotFault>();
  #state: SlotState = {
    active: 'A',
    loader: { rootPart: partOf.A, upgradeAvailable: false, bootcount: 0 },
    breadcrumbs: [],
    results: [],
    osVersion: 'fake 1.0.0',
    attemptsBeforeFallback: 1,
  };
  #delivered = false;
  #updates = 0;

  async state(): Promise<SlotState> {
    return structuredClone(this.#state);
  }

  async deliverUpdate(): Promise<string> {
    this.#delivered = true;
    return updatePath;
  }

  async discardUpdate(): Promise<void> {
    this.#delivered = false;
  }

  async install(path: string): Promise<void> {
    if (!this.#delivered || path !== updatePath) {
      throw new InstallFailed(`hostapp-update ended with exit code 1: ${path} is not a file`, { blame: 'product' });
    }
    const target = otherOf[this.#state.active];
    this.#updates += 1;
    this.#versions[target] = `fake 1.0.${this.#updates}`;
    this.#faults.clear();
    this.#state.loader = { rootPart: partOf[target], upgradeAvailable: true, bootcount: 0 };
    this.#state.breadcrumbs = ['rollback-health-breadcrumb', 'rollback-altboot-breadcrumb'];
    this.#state.results = [];
  }

  async shortenHealthTimers(): Promise<void> {
    this.#demandInstalled();
  }

  async damage(fault: SlotFault): Promise<void> {
    this.#demandInstalled();
    this.#faults.add(fault);
  }

  async settled(): Promise<SlotState> {
    return this.state();
  }

  /** Boots as often as it takes until one slot stays up. */
  boot(): void {
    const { loader } = this.#state;
    if (!loader.upgradeAvailable) return;
    const old = this.#state.active;
    const fresh = otherOf[old];
    const boots = !this.#faults.has('no-init') && !this.#faults.has('corrupt-kernel');
    const healthy = !this.#faults.has('failing-health');
    const up = boots && healthy ? fresh : old;
    this.#state = {
      active: up,
      loader: { rootPart: partOf[up], upgradeAvailable: false, bootcount: 0 },
      breadcrumbs: [],
      results: boots ? (healthy ? [] : ['rollback-health-triggered']) : ['rollback-altboot-triggered'],
      osVersion: this.#versions[up] ?? '',
      attemptsBeforeFallback: 1,
    };
  }

  #demandInstalled(): void {
    if (this.#versions[otherOf[this.#state.active]] === undefined) {
      throw new NothingInstalled('the inactive slot holds nothing', { blame: 'test', advice: 'Install an update first.' });
    }
  }
}
