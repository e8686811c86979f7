/** A mutant that can't be made: what it changes isn't there any more. A mistake in the catalogue, and never a kill. */
export class MutantUnfit extends Error {
  override readonly name = 'MutantUnfit';
}
