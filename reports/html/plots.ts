import type { EventOf, Limits } from '../event-log/event.ts';
import { markup, type Markup } from './markup.ts';

/** A part of a stacked bar; `look` is a class of the style sheet. */
export interface BarPart {
  name: string;
  seconds: number;
  look: string;
}

/** A stacked bar as wide as its place. `whole`: seconds that the full width stands for. The words beside it are the caller's: the picture is hidden from screen readers. */
export function stackedBar(parts: readonly BarPart[], whole: number): Markup {
  let x = 0;
  const rectangles = parts
    .filter(({ seconds }) => seconds > 0)
    .map(({ name, seconds, look }) => {
      const width = whole === 0 ? 0 : (1000 * seconds) / whole;
      const from = x;
      x += width;
      return markup`<rect class="${look}" x="${decimal(from)}" y="0" width="${decimal(width)}" height="10"><title>${name} ${decimal(seconds)} s</title></rect>`;
    });
  return markup`<svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">${rectangles}</svg>`;
}

/** The value on its scale: the band that holds, the bands that hold barely, and a mark at the value. */
export function measurementPlot({ name, value, unit, limits, outcome }: EventOf<'measurement'>): Markup {
  const { low, high } = domain(value, limits);
  const x = (at: number): number => (200 * (at - low)) / (high - low);
  const band = (look: string, from: number, to: number): Markup | undefined =>
    to > from ? markup`<rect class="${look}" x="${decimal(x(from))}" y="6" width="${decimal(x(to) - x(from))}" height="8"/>` : undefined;
  const min = Math.max(low, limits.min ?? low);
  const max = Math.min(high, limits.max ?? high);
  const goodFrom = Math.max(min, limits.marginalMin ?? min);
  const goodTo = Math.min(max, limits.marginalMax ?? max);
  return markup`<svg class="plot" viewBox="-4 0 208 20" role="img" aria-label="${name}: ${value} ${unit}, ${limitsInWords(limits, unit)}: ${outcome}"><rect class="track" x="0" y="6" width="200" height="8" rx="2"/>${[
    band('marginal', min, goodFrom),
    band('good', goodFrom, goodTo),
    band('marginal', goodTo, max),
  ]}<path class="needle" d="M${decimal(x(value))} 1v18"/></svg>`;
}

export function limitsInWords({ min, max, marginalMin, marginalMax }: Limits, unit: string): string {
  const range = (low: number | undefined, high: number | undefined): string | undefined => {
    if (low !== undefined && high !== undefined) return `${low} to ${high} ${unit}`;
    if (low !== undefined) return `at least ${low} ${unit}`;
    return high === undefined ? undefined : `at most ${high} ${unit}`;
  };
  const marginal = range(marginalMin, marginalMax);
  return `${range(min, max) ?? 'no limit'}${marginal === undefined ? '' : ` (well: ${marginal})`}`;
}

/** Wide enough for the value and every limit, with a little air; a scale of positive values begins at 0. */
function domain(value: number, { min, max, marginalMin, marginalMax }: Limits): { low: number; high: number } {
  const points = [value, min, max, marginalMin, marginalMax].filter((point) => point !== undefined);
  const lowest = Math.min(...points);
  const highest = Math.max(...points);
  const air = (highest - lowest) * 0.06 || Math.abs(highest) * 0.5 || 1;
  return { low: lowest >= 0 && min === undefined ? 0 : lowest - air, high: highest + air };
}

const decimal = (value: number): string => String(Math.round(value * 100) / 100);
