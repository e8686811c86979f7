import { contractTests, type DeclareTest } from '../every.contract.ts';
import { InstallFailed, NothingInstalled } from './errors.ts';
import type { Slot, SlotFault, Slots } from './slots.ts';

export interface SlotsUnderTest {
  slots: Slots;
  /** Reboots the device and waits until it is up for good. */
  reboot(): Promise<void>;
  release(): Promise<void>;
}

const partOf: Record<Slot, number> = { A: 2, B: 3 };

/**
 * What any device's slots promise. One device goes through all of it, an update after the other, because each costs boots.
 * @param make gives a device that was never updated
 */
export function slotsContract(test: DeclareTest, name: string, make: () => Promise<SlotsUnderTest>): void {
  const contract = contractTests(test, name, make);
  contract('slots are told, written, damaged and settled', async (t, it) => {
    const { slots } = it;
    const settled = () => slots.settled({ timeout: 15 * 60_000 });
    // 1. Before any update.
    const first = await slots.state();
    t.like(first, { active: 'A', breadcrumbs: [], results: [], loader: { rootPart: 2, upgradeAvailable: false } });
    t.not(first.osVersion, '');
    await t.throwsAsync(slots.damage('no-init'), { instanceOf: NothingInstalled });
    await t.throwsAsync(slots.shortenHealthTimers(), { instanceOf: NothingInstalled });
    await t.throwsAsync(slots.install('/nowhere/update'), { instanceOf: InstallFailed });
    t.deepEqual((await settled()).active, 'A');

    // 2. Each fault leads back to the slot that was running, and says by which way.
    const ways: Record<SlotFault, string> = {
      'no-init': 'rollback-altboot-triggered',
      'corrupt-kernel': 'rollback-altboot-triggered',
      'failing-health': 'rollback-health-triggered',
    };
    for (const fault of ['no-init', 'corrupt-kernel', 'failing-health'] as const) {
      await slots.install(await slots.deliverUpdate());
      await slots.discardUpdate();
      const pending = await slots.state();
      t.like(pending, { active: 'A', loader: { rootPart: 3, upgradeAvailable: true, bootcount: 0 }, results: [] });
      t.is(pending.breadcrumbs.length, 2);
      await slots.shortenHealthTimers();
      await slots.damage(fault);
      await it.reboot();
      const back = await settled();
      t.like(back, { active: 'A', breadcrumbs: [], osVersion: first.osVersion, loader: { rootPart: 2, upgradeAvailable: false } }, fault);
      t.deepEqual([...back.results], [ways[fault]]);
    }

    // 3. A sound one is committed, and runs another version.
    await slots.install(await slots.deliverUpdate());
    await slots.discardUpdate();
    await slots.shortenHealthTimers();
    await it.reboot();
    const updated = await settled();
    t.like(updated, { active: 'B', breadcrumbs: [], results: [], loader: { rootPart: partOf.B, upgradeAvailable: false, bootcount: 0 } });
    t.not(updated.osVersion, first.osVersion);
  });
}
