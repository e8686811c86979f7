import type { SuiteName } from '../../suites/promises.ts';
import { dbusMutants } from './dbus.ts';
import { environmentMutants } from './environment.ts';
import type { Mutant } from './mutant.ts';
import { rollbackMutants } from './rollback.ts';
import { storageMutants } from './storage.ts';
import { timeMutants } from './time.ts';
import { tmpMutants } from './tmp.ts';

const bySuite: Record<SuiteName, readonly Mutant[]> = {
  environment: environmentMutants,
  dbus: dbusMutants,
  tmp: tmpMutants,
  time: timeMutants,
  storage: storageMutants,
  rollback: rollbackMutants,
};

/** Every mutant, suite by suite. */
export const mutants: readonly Mutant[] = Object.values(bySuite).flat();

/** `tmp.survives-power-cut/wiped-at-boot` */
export function mutantId({ promise, name }: Mutant): string {
  return `${promise}/${name}`;
}
