import { printable } from '../printable.ts';

/** A run of text in one look. `look` is a list of class names of the page's style sheet, all of them ours. */
export interface Span {
  text: string;
  look: string;
}

const colours = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

/**
 * Colours of a console line (ECMA-48 SGR: the eight colours, their bright kin, bold, faint) as class names. Everything else that a terminal would obey is dropped or made
 * visible. Create one for a slice: a look lasts over line ends until it is reset.
 */
export class AnsiPainter {
  #colour: string | undefined;
  #weight: string | undefined;

  paint(line: string): Span[] {
    const spans: Span[] = [];
    let end = 0;
    for (const match of line.matchAll(/\x1b\[([\d;:]*)m/g)) {
      this.#push(spans, line.slice(end, match.index));
      this.#select((match[1] ?? '').split(/[;:]/).map(Number));
      end = match.index + match[0].length;
    }
    this.#push(spans, line.slice(end));
    return spans;
  }

  #push(spans: Span[], raw: string): void {
    const text = printable(raw);
    const look = [this.#colour, this.#weight].filter((name) => name !== undefined).join(' ');
    if (text !== '') spans.push({ text, look });
  }

  #select(parameters: readonly number[]): void {
    for (let index = 0; index < parameters.length; index += 1) {
      const parameter = parameters[index] ?? 0;
      if (parameter === 0) this.#colour = this.#weight = undefined;
      else if (parameter === 1) this.#weight = 'bold';
      else if (parameter === 2) this.#weight = 'faint';
      else if (parameter === 22) this.#weight = undefined;
      else if (parameter === 39) this.#colour = undefined;
      else if (parameter >= 30 && parameter <= 37) this.#colour = colours[parameter - 30];
      else if (parameter >= 90 && parameter <= 97) this.#colour = colours[parameter - 90];
      // 38 and 48 take a palette index (;5;n) or a colour (;2;r;g;b) with them; those colours are not shown.
      else if (parameter === 38 || parameter === 48) index += parameters[index + 1] === 5 ? 2 : 4;
    }
  }
}
