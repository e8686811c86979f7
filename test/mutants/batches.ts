import { promise, promises, suiteNames, type PromiseId, type SuiteName } from '../../suites/promises.ts';
import type { Mutant } from './mutant.ts';

/** Mutants of one suite that share a boot, and the promise whose test must hold on that device all the same. */
export interface Batch {
  /** `tmp-2`: names its directory, too. */
  name: string;
  suite: SuiteName;
  mutants: readonly Mutant[];
  /** Its test shows that the device is sound apart from its mutants; without that, no failure tells anything. */
  control: PromiseId;
}

/** A batch ends with its last test: more mutants than this are better shared out over two devices. */
const largestBatch = 10;

/** What a suite's control may be, the quickest and most telling test first. None of them reboots the device. */
const controls: Record<SuiteName, readonly PromiseId[]> = {
  environment: ['environment.service-name', 'environment.app-id', 'environment.handover-path'],
  dbus: ['dbus.socket-with-label', 'dbus.timedate-zone', 'dbus.stop-unit', 'dbus.host-config-sets-hostname'],
  tmp: ['tmp.data-is-private', 'tmp.data-survives-engine-restart', 'tmp.tmpfs-vanishes-at-engine-restart'],
  time: ['time.ntp-is-the-service', 'time.container-agrees', 'time.synchronizes'],
  storage: ['storage.no-label', 'storage.two-sticks', 'storage.vfat-automounts'],
  rollback: ['rollback.root-is-read-only', 'rollback.layout'],
};

/** Suites whose batches take longest come first, so that two devices end at about the same time. */
const longestFirst: readonly SuiteName[] = ['rollback', 'time', 'tmp', 'dbus', 'storage', 'environment'];

/**
 * Shares the mutants out over as few boots as may be, each into the first batch of its suite where it touches nobody's promise and
 * nobody touches its own, and where a control is left.
 */
export function batchesOf(mutants: readonly Mutant[]): Batch[] {
  return longestFirst.flatMap((suite) => {
    const batches: { mutants: Mutant[]; control: PromiseId }[] = [];
    for (const mutant of mutants.filter((each) => promise(each.promise).suite === suite)) {
      const joined = batches.find((batch) => {
        if (batch.mutants.length >= largestBatch || !batch.mutants.every((other) => mayShare(mutant, other))) return false;
        const control = controlFor(suite, [...batch.mutants, mutant]);
        if (control === undefined) return false;
        batch.mutants.push(mutant);
        batch.control = control;
        return true;
      });
      if (joined !== undefined) continue;
      const control = controlFor(suite, [mutant]);
      if (control === undefined) throw new RangeError(`${mutant.promise}/${mutant.name} touches every control of its suite`);
      batches.push({ mutants: [mutant], control });
    }
    return batches.map((batch, index) => ({ name: `${suite}-${index + 1}`, suite, ...batch }));
  });
}

/** Whether what one breaks, and how it does it, leaves the other's test alone. Mutants of one promise never share. */
export function mayShare(one: Mutant, other: Mutant): boolean {
  if (one.promise === other.promise) return false;
  // One change that breaks two promises is one device.
  if (one.apply === other.apply && JSON.stringify(one.offline) === JSON.stringify(other.offline)) return true;
  return !touches(one, other.promise) && !touches(other, one.promise) && !writeOneFile(one, other);
}

const touches = (mutant: Mutant, id: PromiseId): boolean => mutant.touches?.includes(id) ?? false;

/** Replacements in one file follow each other; a whole new content leaves nothing of another's. */
function writeOneFile(one: Mutant, other: Mutant): boolean {
  return (one.offline ?? []).some((edit) =>
    (other.offline ?? []).some(({ path, content }) => path === edit.path && (content !== undefined || edit.content !== undefined)),
  );
}

function controlFor(suite: SuiteName, mutants: readonly Mutant[]): PromiseId | undefined {
  return controls[suite].find((id) => mutants.every((mutant) => mutant.promise !== id && !touches(mutant, id)));
}

/** All promises of a suite but these: for a mutant that is at everybody's throat. */
export function everyPromiseOf(suite: SuiteName, options: { but: readonly PromiseId[] }): PromiseId[] {
  return promises.filter((each) => each.suite === suite && !options.but.includes(each.id)).map(({ id }) => id);
}

/** Whether a word names a suite. */
export function isSuiteName(word: string): word is SuiteName {
  return suiteNames.some((name) => name === word);
}
