import type { Mutant } from './mutant.ts';

export const rollbackMutants: readonly Mutant[] = [];
