import type { Mutant } from './mutant.ts';

export const storageMutants: readonly Mutant[] = [];
