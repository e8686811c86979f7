import type { Row } from './row.ts';

/** The table's columns; `since` is the baseline's date, where there is one to compare with. */
export function headings(since?: string): string[] {
  return ['figure', 'ours', 'peer', 'ratio', 'limit', 'CPU', ...(since === undefined ? [] : [`on ${since.slice(0, 10)}`]), 'note'];
}

/** A row's cells, in the order of the headings; `before` is the same figure in the baseline. */
export function cellsOf(row: Row, before?: Row): string[] {
  const { id, unit, ours, peer, ratio, limit, cpu_s: cpu, note } = row;
  return [
    id,
    amount(ours, unit),
    amount(peer, unit),
    ratio === undefined ? '' : `${figure(ratio)} ×`,
    limit === undefined ? '' : `${amount(limit, unit)}${ours !== undefined && ours > limit ? ' !' : ''}`,
    amount(cpu, 's'),
    ...(before === undefined ? [] : [amount(before.ours, unit)]),
    note ?? '',
  ];
}

/** The rows as a table of Markdown. */
export function markdownTable(rows: readonly Row[]): string {
  return [line(headings()), line(headings().map(() => '---')), ...rows.map((row) => line(cellsOf(row)))].join('\n');
}

const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function amount(value: number | undefined, unit: Row['unit']): string {
  return value === undefined ? '' : `${figure(value)} ${unit}`;
}

/** Three digits tell all that a shared machine's figures mean. */
function figure(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return Number(value.toPrecision(3)).toString();
}
