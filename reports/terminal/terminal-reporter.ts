import { performance } from 'node:perf_hooks';
import type { Event } from '../event-log/event.ts';
import { emptyRunRecord, recordEvent } from '../run/run-record.ts';
import { conclude } from './conclusion.ts';
import type { Page } from './page.ts';
import { liveLines, settle } from './progress.ts';

/** The part of a process's stdout or stderr that is used. */
export interface TerminalStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Where nothing tells the width: a CI log. */
const plainWidth = 100;

/**
 * Tells a run while it goes, fed by its events. On a terminal the lines of work under way are redrawn in place, once a second and at each event; elsewhere only the lines
 * that stay are written. At run-finished it writes the conclusion. `close` in every case: it stops the clock and leaves the terminal clean.
 */
export class TerminalReporter implements Disposable {
  readonly #stream: TerminalStream;
  readonly #runDirectory: string;
  readonly #colour: boolean;
  readonly #run = emptyRunRecord();
  readonly #settled = new Set<string>();
  readonly #clock: NodeJS.Timeout | undefined;
  #lastEventAt = performance.now();
  #drawn = 0;

  constructor({ stream, runDirectory, env = process.env }: { stream: TerminalStream; runDirectory: string; env?: NodeJS.ProcessEnv }) {
    this.#stream = stream;
    this.#runDirectory = runDirectory;
    this.#colour = wantsColour(stream, env);
    if (redraws(stream, env)) this.#clock = setInterval(() => this.#draw([]), 1000).unref();
  }

  event(event: Event): void {
    recordEvent(this.#run, event);
    this.#lastEventAt = performance.now();
    const page = this.#page();
    const lines = settle(this.#run, event, this.#settled, page);
    this.#draw(event.type === 'run-finished' ? [...lines, ...conclude(this.#run, page)] : lines);
  }

  close(): void {
    clearInterval(this.#clock);
    this.#stream.write(this.#erase());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #draw(staying: string[]): void {
    const page = this.#page();
    const now = this.#run.t + performance.now() - this.#lastEventAt;
    const live = this.#clock === undefined ? [] : liveLines(this.#run, this.#settled, now, page);
    const text = `${this.#erase()}${[...staying, ...live].map((line) => `${line}\n`).join('')}`;
    this.#drawn = live.length;
    if (text !== '') this.#stream.write(text);
  }

  /** Takes the live lines off the screen. */
  #erase(): string {
    const lines = this.#drawn;
    this.#drawn = 0;
    return lines === 0 ? '' : `\x1b[${lines}A\x1b[0J`;
  }

  #page(): Page {
    return { width: this.#stream.columns ?? plainWidth, colour: this.#colour, runDirectory: this.#runDirectory };
  }
}

/** The lines of a whole run, as it would have been told without redraws. */
export function renderRun(events: Iterable<Event>, page: Page): string[] {
  const run = emptyRunRecord();
  const settled = new Set<string>();
  const lines: string[] = [];
  for (const event of events) {
    recordEvent(run, event);
    lines.push(...settle(run, event, settled, page));
  }
  return [...lines, ...conclude(run, page)];
}

const isDumb = (env: NodeJS.ProcessEnv): boolean => env['TERM'] === 'dumb';
const redraws = (stream: TerminalStream, env: NodeJS.ProcessEnv): boolean => stream.isTTY === true && !isDumb(env);

/** https://no-color.org and https://force-color.org: set and not empty counts, and NO_COLOR wins. */
const wantsColour = (stream: TerminalStream, env: NodeJS.ProcessEnv): boolean =>
  !env['NO_COLOR'] && (Boolean(env['FORCE_COLOR']) || (stream.isTTY === true && !isDumb(env)));
