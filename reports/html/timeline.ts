import type { Attempt, RunRecord } from '../run/run-record.ts';
import { hasTimes, type ConsoleSlice } from './console-slice.ts';
import { markup, type Content, type Markup } from './markup.ts';

/** Something that happened in an attempt, at epoch milliseconds: the clock that the console's time index keeps, too. */
interface Mark {
  at: number;
  words: string;
  look: 'step' | 'power' | 'boot' | 'fault';
  /** Where it took a while. */
  seconds?: number;
  error?: string | undefined;
}

/** Steps, power, boots and faults in the order of their beginnings. With a console beside it, each is a button that moves the console there. */
export function timelineView(run: RunRecord, attempt: Attempt, slice: ConsoleSlice | undefined): Markup | undefined {
  const marks = marksOf(run, attempt, slice);
  if (marks.length === 0) return undefined;
  const { from } = span(run, attempt);
  const hasClock = hasTimes(slice);
  return markup`<h5>What happened</h5><ol class="timeline">${marks.map(({ at, words, look, seconds, error }) => {
    const text = markup`<span class="since">+${Math.max(0, (at - from) / 1000).toFixed(1)} s</span> <span class="words">${words}${error === undefined ? undefined : markup` <em>${error}</em>`}</span>`;
    const entry = hasClock
      ? markup`<button type="button" class="mark" data-at="${at}">${text}</button>`
      : markup`<span class="mark">${text}</span>`;
    return markup`<li class="${look}${error === undefined ? '' : ' broken'}">${entry}${seconds === undefined ? undefined : markup`<span class="faint">${seconds.toFixed(1)} s</span>`}</li>`;
  })}</ol>`;
}

/** A slider over the whole attempt, with a tick for each mark. Hidden until the script ties it to the console. */
export function clockView(run: RunRecord, attempt: Attempt, slice: ConsoleSlice, start: number | undefined): Markup {
  const { from, to } = span(run, attempt);
  const ticks: Content = marksOf(run, attempt, slice).map(
    ({ at, look }) =>
      markup`<path class="${look}" d="M${((1000 * Math.min(Math.max(at - from, 0), to - from)) / (to - from)).toFixed(1)} 0v12"/>`,
  );
  return markup`<div class="clock" hidden><svg class="ticks" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">${ticks}</svg>
<input type="range" min="${from}" max="${to}" step="1" value="${start ?? from}" aria-label="Moment in the test"${start === undefined ? undefined : markup` data-start`}><output></output></div>`;
}

function span(run: RunRecord, { started, finished }: Attempt): { from: number; to: number } {
  const from = Date.parse(started.at);
  // Unfinished: to the end of what the log knows. The wall clock may have been set in between, so at least a millisecond.
  return { from, to: Math.max(from + 1, finished === undefined ? from + Math.round(run.t - started.t) : Date.parse(finished.at)) };
}

/** What the console's owner writes between the bytes, in words. */
const consoleEvents: Record<string, string> = {
  'power-on': 'power on',
  'reset-announced': 'a reset was announced',
  attached: 'the console was attached',
  detached: 'the console was lost',
};

function marksOf(run: RunRecord, attempt: Attempt, slice: ConsoleSlice | undefined): Mark[] {
  const { device } = attempt.started;
  const end = attempt.finished?.t ?? run.t;
  const told = slice?.events ?? [];
  const power = run.power.filter(
    (event) => event.device === device && event.t >= attempt.started.t && event.t <= end && !(event.state === 'on' && told.length > 0),
  );
  const marks: Mark[] = [
    ...attempt.steps.map(({ at, seconds, title, error }): Mark => ({
      at: Math.round(Date.parse(at) - seconds * 1000),
      words: title,
      look: 'step',
      seconds,
      error,
    })),
    ...power.map(({ at, state }): Mark => ({ at: Date.parse(at), words: `power ${state}`, look: 'power' })),
    ...told.map(({ at, event }): Mark => ({ at, words: consoleEvents[event] ?? event, look: 'power' })),
    ...attempt.boots.map(({ at, slot, startedAt, totalSeconds }): Mark => ({
      at: startedAt === undefined ? Math.round(Date.parse(at) - totalSeconds * 1000) : Date.parse(startedAt),
      words: `boot${slot === undefined ? '' : ` of slot ${slot}`}`,
      look: 'boot',
      seconds: totalSeconds,
    })),
    // The log hears of a fault when somebody looks; the console knows when it was printed.
    ...attempt.faults.map(({ at, kind, expected, offset }): Mark => ({
      at: slice?.lines.findLast((line) => line.offset <= offset)?.at ?? Date.parse(at),
      words: `${kind}${expected ? ', as announced' : ''}`,
      look: 'fault',
    })),
  ];
  return marks.toSorted((a, b) => a.at - b.at);
}
