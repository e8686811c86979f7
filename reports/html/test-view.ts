import type { CatalogPromise, Evidence, TestError } from '../event-log/event.ts';
import { againCommand } from '../run/again.ts';
import { resultOfAttempt, type TestResult } from '../run/results.ts';
import type { Attempt, RunRecord } from '../run/run-record.ts';
import { bootTable } from './boot-view.ts';
import type { Consoles } from './console-slice.ts';
import { consoleAnchor, consoleView, timeOfDay } from './console-view.ts';
import { markup, type Content, type Markup } from './markup.ts';
import { timelineView } from './timeline.ts';
import { limitsInWords, measurementPlot } from './plots.ts';

/** What a test said, all its attempts, and how to run it again. `promise` is the one under which it is shown. */
export function testView(run: RunRecord, result: TestResult, promise: CatalogPromise | undefined, consoles: Consoles): Markup {
  const { test, flaky } = result;
  const several = test.attempts.length > 1;
  return markup`<article class="test">
<p class="where">${test.title === promise?.statement ? undefined : test.title} <span class="faint">${test.file}:${test.line}${result.attempt === undefined ? undefined : ` on ${result.attempt.started.device}`}</span></p>
${flaky ? markup`<p class="note">Its attempts disagree; the first one decides.</p>` : undefined}
${test.attempts.map(
  (attempt) =>
    markup`${several ? markup`<h4>Attempt ${attempt.started.attempt}: ${resultOfAttempt(run, attempt).outcome}</h4>` : undefined}${attemptView(run, attempt, consoles)}`,
)}
${commandLine(againCommand(run, test.suite, promise?.id, test))}
</article>`;
}

/** A command to copy. */
export const commandLine = (command: string): Markup =>
  markup`<p class="command"><span class="label">again</span><code>${command}</code><button type="button" class="copy" hidden>Copy</button></p>`;

function attemptView(run: RunRecord, attempt: Attempt, consoles: Consoles): Markup {
  const { finished, measurements, boots } = attempt;
  const { reason } = resultOfAttempt(run, attempt);
  const slice = consoles.get(attempt);
  const words = [
    finished?.error === undefined
      ? reason === undefined
        ? undefined
        : markup`<p class="message">${reason}</p>`
      : errorView(finished.error, attempt, consoles),
    measurements.length === 0
      ? undefined
      : markup`<h5>Measurements</h5><ul class="measurements">${measurements.map(
          (one) =>
            markup`<li class="${one.outcome}"><span class="name">${one.name}</span> <b>${number(one.value)} ${one.unit}</b> ${measurementPlot(one)} <span class="faint">${limitsInWords(one.limits, one.unit)} · ${one.outcome}</span></li>`,
        )}</ul>`,
    timelineView(run, attempt, typeof slice === 'object' ? slice : undefined),
    boots.length === 0
      ? undefined
      : markup`<h5>Boots</h5>${bootTable(boots, Math.max(...run.boots.map(({ totalSeconds }) => totalSeconds)))}`,
    attachmentsView(attempt),
  ];
  const console = consoleView(run, attempt, consoles);
  return markup`<div class="attempt"><div class="words">${words}</div>${console}</div>`;
}

function errorView({ message, expected, seen, evidence, advice, stack }: TestError, attempt: Attempt, consoles: Consoles): Markup {
  return markup`<p class="message">${message}</p>
<dl class="error">${errorRow('expected', expected)}${errorRow('seen', seen)}${evidence.map((one) => evidenceView(one, attempt, consoles))}</dl>
${advice === undefined ? undefined : markup`<p class="advice">→ ${advice}</p>`}
${stack === undefined ? undefined : markup`<details class="stack"><summary>Stack</summary><pre>${stack}</pre></details>`}`;
}

const errorRow = (label: string, text: string | undefined): Content =>
  text === undefined ? undefined : markup`<dt>${label}</dt><dd><pre>${text}</pre></dd>`;

function evidenceView(evidence: Evidence, attempt: Attempt, consoles: Consoles): Markup {
  const anchor = consoleAnchor(attempt, consoles, evidence);
  const link =
    anchor === undefined
      ? undefined
      : markup` <a href="${anchor.href}">${anchor.at === undefined ? 'in the console' : timeOfDay(anchor.at)}</a>`;
  return markup`<dt>${evidence.kind}${link}</dt><dd><pre>${evidence.text}</pre></dd>`;
}

function attachmentsView({ finished }: Attempt): Content {
  return finished?.attachments.map(({ name, path, body }) =>
    path === undefined
      ? markup`<details class="stack"><summary>${name}</summary><pre>${body}</pre></details>`
      : markup`<p class="attachment"><a href="${path
          .split('/')
          .map((part) => encodeURIComponent(part))
          .join('/')}">${name}</a></p>`,
  );
}

const number = (value: number): string => String(Number(value.toPrecision(6)));
