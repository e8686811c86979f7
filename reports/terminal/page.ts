import { stripVTControlCharacters, styleText } from 'node:util';

/** What a line is made for. */
export interface Page {
  /** Columns. */
  width: number;
  colour: boolean;
  /** As a person would type it, relative to where the command runs. */
  runDirectory: string;
}

export type Style = 'good' | 'bad' | 'doubt' | 'faint' | 'strong';

const formats = { good: 'green', bad: 'red', doubt: 'yellow', faint: 'dim', strong: 'bold' } as const;

/** Colour only repeats what the text already says. */
export const paint = (page: Page, style: Style, text: string): string =>
  page.colour ? styleText(formats[style], text, { validateStream: false }) : text;

export const widthOf = (text: string): number => Array.from(stripVTControlCharacters(text)).length;

/** `left` and `right` at the two ends of the page, at least two spaces between; the right one stays near on a very wide page. */
export function spread(page: Page, left: string, right: string): string {
  const width = Math.min(page.width, 86);
  return `${left}${' '.repeat(Math.max(2, width - widthOf(left) - widthOf(right)))}${right}`;
}

/** Cuts plain text to the given columns, with an ellipsis. */
export function cut(text: string, columns: number): string {
  const characters = Array.from(text);
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`;
}

/** Breaks plain text at spaces; each line begins with the indent. Lines of the text stay lines. */
export function wrap(page: Page, text: string, indent: string): string[] {
  const columns = Math.max(20, page.width - widthOf(indent));
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && widthOf(line) + 1 + widthOf(word) > columns) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    return [...lines, line].map((one) => `${indent}${one}`.trimEnd());
  });
}

/** A label and its text, the text's further lines under its first. `column` is where the text begins. */
export function labelled(page: Page, indent: string, label: string, column: number, text: string): string[] {
  const [first = '', ...rest] = wrap(page, text, ' '.repeat(column));
  return [
    `${indent}${paint(page, 'faint', label)}`.padEnd(column + (page.colour ? paint(page, 'faint', '').length : 0)) + first.trimStart(),
    ...rest,
  ];
}
