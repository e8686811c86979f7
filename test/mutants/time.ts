import type { Mutant } from './mutant.ts';

export const timeMutants: readonly Mutant[] = [];
