/** What was met on the way, in order; the same thing again and again is said once. */
export class Sightings {
  readonly #seen: { what: string; times: number }[] = [];

  add(what: string): void {
    const last = this.#seen.at(-1);
    if (last?.what === what) last.times += 1;
    else this.#seen.push({ what, times: 1 });
  }

  toString(): string {
    if (this.#seen.length === 0) return 'nothing';
    return this.#seen.map(({ what, times }) => (times === 1 ? what : `${what} (${times}×)`)).join('; then ');
  }
}
