import { createHash } from 'node:crypto';
import type { Evidence } from '../event-log/event.ts';
import type { Attempt, RunRecord } from '../run/run-record.ts';
import { AnsiPainter } from './ansi.ts';
import { hasTimes, type ConsoleLine, type Consoles, type ConsoleSlice } from './console-slice.ts';
import { markup, type Content, type Markup } from './markup.ts';
import { clockView } from './timeline.ts';

/** The console of an attempt under a clock: moving along the clock moves the console. */
export function consoleView(run: RunRecord, attempt: Attempt, consoles: Consoles): Markup | undefined {
  const slice = consoles.get(attempt);
  if (slice === undefined) return undefined;
  if (typeof slice === 'string') return markup`<p class="note">${slice}</p>`;
  if (slice.lines.length === 0) return markup`<p class="note">The console of ${slice.device} was silent during this test.</p>`;
  const pointed = attempt.finished?.error?.evidence
    .map((evidence) => consoleAnchor(attempt, consoles, evidence)?.at)
    .find((at) => at !== undefined);
  return markup`<section class="console-of" aria-label="Console of ${slice.device}">
<h5>Console of ${slice.device}</h5>
${
  hasTimes(slice)
    ? clockView(run, attempt, slice, pointed)
    : markup`<p class="note">There is no time index beside the console log, so the lines have no times.</p>`
}
<div class="console" tabindex="0" role="group" aria-label="Console lines">${linesView(attempt, slice)}</div>
</section>`;
}

/** Where in the page a byte of the console log is shown. */
export function consoleAnchor(
  attempt: Attempt,
  consoles: Consoles,
  { offset }: Evidence,
): { href: string; at: number | undefined } | undefined {
  const slice = consoles.get(attempt);
  if (offset === undefined || slice === undefined || typeof slice === 'string') return undefined;
  const index = slice.lines.findLastIndex((line) => line.offset <= offset);
  const line = slice.lines[index];
  return line === undefined ? undefined : { href: `#${anchorPrefix(attempt)}${index}`, at: line.at };
}

/** hh:mm:ss.mmm, UTC. */
export const timeOfDay = (epochMilliseconds: number): string => new Date(epochMilliseconds).toISOString().slice(11, 23);

function linesView(attempt: Attempt, { lines, cut }: ConsoleSlice): Content {
  const painter = new AnsiPainter();
  const prefix = anchorPrefix(attempt);
  return lines.map((line, index) => [
    cut?.before === index
      ? markup`<p class="cut">… ${cut.bytes.toLocaleString('en')} bytes left out here; the console log in the run directory has them …</p>`
      : undefined,
    lineView(line, `${prefix}${index}`, painter),
  ]);
}

function lineView({ at, text }: ConsoleLine, id: string, painter: AnsiPainter): Markup {
  const spans = painter.paint(text).map(({ text, look }) => (look === '' ? text : markup`<span class="${look}">${text}</span>`));
  const time = at === undefined ? undefined : markup`<time>${timeOfDay(at)}</time>`;
  return markup`<p id="${id}"${at === undefined ? undefined : markup` data-at="${at}"`}>${time}<code>${spans}</code></p>`;
}

/** Of the ids of an attempt's console lines: short, and safe as a fragment whatever the test is called. */
const anchorPrefix = ({ started }: Attempt): string =>
  `c${createHash('sha256').update(`${started.test} ${started.attempt}`).digest('hex').slice(0, 10)}-`;
