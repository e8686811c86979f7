import { createHash } from 'node:crypto';
import type { TornLine } from '../event-log/read-events.ts';
import { clock } from '../printable.ts';
import { accountRunTime } from '../run/account-time.ts';
import {
  isBroken,
  resultsOfOtherTests,
  resultsOfPromises,
  unexpectedFaults,
  type PromiseResult,
  type Result,
  type TestResult,
} from '../run/results.ts';
import type { RunRecord } from '../run/run-record.ts';
import { tally } from '../run/tally.ts';
import { concludeRun, suiteNames, suiteSeconds } from '../summary/summarize.ts';
import { behaviour } from './behaviour.ts';
import { bootTable, typicalBoot } from './boot-view.ts';
import type { Consoles } from './console-slice.ts';
import { Markup, markup, type Content } from './markup.ts';
import { stackedBar, type BarPart } from './plots.ts';
import { style } from './style.ts';
import { testView } from './test-view.ts';

/**
 * The report page: one file that needs nothing else. The content security policy lets run only the script and style below, by their hashes, so even a mistake in escaping
 * could not make a device's bytes act.
 */
export function renderReport(run: RunRecord, consoles: Consoles, torn: TornLine | undefined): string {
  const promises = resultsOfPromises(run);
  const conclusion = concludeRun(run);
  const mark = { pass: '✓', fail: '✗', inconclusive: '!', interrupted: '!' }[conclusion.verdict];
  const answer = sentence(run);
  const policy = `default-src 'none'; script-src '${hash(behaviour)}'; style-src '${hash(style)}'; base-uri 'none'; form-action 'none'`;
  const image = run.image === undefined ? 'no image' : `${run.image.name} ${run.image.version}`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="boardwalk ${run.started?.boardwalk}">
<title>${mark} ${answer} ${image}</title>
<style>${new Markup(style)}</style>
</head>
<body class="${conclusion.verdict}">
<header>
<p class="verdict"><span aria-hidden="true">${mark}</span> ${{ pass: 'Pass', fail: 'Fail', inconclusive: 'Inconclusive', interrupted: 'Interrupted' }[conclusion.verdict]}</p>
<h1>${answer}</h1>
${brokenList(promises)}
${factsView(run, conclusion.exitCode)}
</header>
<main>
${troubleView(run, torn)}
${timeView(run)}
${suiteNames(run, promises).map((suite) => suiteView(run, suite, promises, consoles))}
${bootsView(run)}
</main>
<footer><p>boardwalk ${run.started?.boardwalk} · node ${run.started?.host.node} · ${run.started?.host.cpus} CPUs · seed ${run.started?.seed} · ${(run.started?.argv ?? []).join(' ')} · times are UTC</p></footer>
<script>${new Markup(behaviour)}</script>
</body>
</html>
`.text;
}

/** The answer. */
function sentence(run: RunRecord): string {
  const { verdict, reason } = concludeRun(run);
  const { noun, words, total, good, bad, skipped, missed, undecided } = tally(run);
  const rest = missed + undecided;
  const also = [
    ...(skipped > 0 ? [`${skipped} ${skipped === 1 ? 'was' : 'were'} skipped`] : []),
    ...(rest > 0 ? [`${rest} undecided`] : []),
  ];
  const tail = also.length === 0 ? '' : `, ${also.join(', ')}`;
  const of = `${total} ${noun}s`;
  if (verdict === 'pass') return good === total ? `All ${of} ${words.good}.` : `${good} of ${of} ${words.good}${tail}.`;
  if (verdict === 'fail' && bad > 0)
    return `${bad} of ${of} ${noun === 'test' ? words.bad : `${bad === 1 ? 'is' : 'are'} ${words.bad}`}; ${good} ${words.good}${tail}.`;
  return `${reason[0]?.toUpperCase() ?? ''}${reason.slice(1)}. ${good} of ${of} ${words.good}${tail}.`;
}

const brokenList = (promises: readonly PromiseResult[]): Content => {
  const broken = promises.filter(isBroken);
  if (broken.length === 0) return undefined;
  return markup`<nav aria-label="Broken promises"><ul>${broken.map(({ promise }) => markup`<li><a href="#${encodeURIComponent(promise.id)}">✗ ${promise.id}</a></li>`)}</ul></nav>`;
};

function factsView(run: RunRecord, exitCode: number): Markup {
  const { started, image } = run;
  const total = (run.finished?.time ?? accountRunTime(run)).total_s;
  const host = started?.host;
  return markup`<dl class="facts">${[
    factRow(
      'image',
      image &&
        markup`${image.name} ${image.version} ${image.variant} <span class="faint sha" title="${image.sha256}">sha256:${image.sha256.slice(0, 12)}…</span>`,
    ),
    factRow(
      'device',
      started && started.devices.length > 0
        ? markup`${started.devices.map(({ id, type }) => `${id} · ${type}`).join(', ')} <span class="faint">${host?.accelerator}${host?.acceleratorReason === '' ? undefined : markup` (${host?.acceleratorReason})`}</span>`
        : undefined,
    ),
    factRow(
      'when',
      started &&
        markup`<time datetime="${started.at}">${started.at.slice(0, 10)} ${started.at.slice(11, 16)} UTC</time>, took ${clock(total)}`,
    ),
    factRow('run', markup`${started?.run} <span class="faint">exit ${exitCode}</span>`),
  ]}</dl>`;
}

const factRow = (term: string, content: Content): Content =>
  content === undefined ? undefined : markup`<div><dt>${term}</dt><dd>${content}</dd></div>`;

/** What went wrong beside the tests. */
function troubleView(run: RunRecord, torn: TornLine | undefined): Content {
  const troubles = [
    ...run.harnessErrors.map(
      ({ message, advice, cause }) =>
        markup`<li><b>The bench (${cause}):</b> <span class="lines">${message}</span>${advice === '' ? undefined : markup`<br>→ ${advice}`}</li>`,
    ),
    ...unexpectedFaults(run).map(
      ({ device, kind, line, offset }) =>
        markup`<li><b>Unexpected ${kind} on ${device}:</b> <code>${line}</code> <span class="faint">console byte ${offset}</span></li>`,
    ),
    ...(run.finished === undefined ? [markup`<li><b>The log ends without a result:</b> the run was killed, or is still going.</li>`] : []),
    ...(torn === undefined
      ? []
      : [markup`<li><b>The event log is torn at line ${torn.line}:</b> ${torn.bytes} bytes of an unfinished event were left out.</li>`]),
  ];
  return troubles.length === 0
    ? undefined
    : markup`<section class="trouble" aria-labelledby="trouble"><h2 id="trouble">Trouble</h2><ul>${troubles}</ul></section>`;
}

function timeView(run: RunRecord): Markup {
  const time = run.finished?.time ?? accountRunTime(run);
  const suites = suiteNames(run, []).map((suite, index): BarPart => ({
    name: suite,
    seconds: suiteSeconds(run, suite),
    look: `tone${(index % 6) + 1}`,
  }));
  const boot = run.boots.filter(({ cause }) => cause !== 'test').reduce((sum, { totalSeconds }) => sum + totalSeconds, 0);
  const told = [{ name: 'image', seconds: time.image_s, look: 'tone0' }, { name: 'first boot', seconds: boot, look: 'tone0b' }, ...suites];
  const rest = Math.max(0, time.total_s - told.reduce((sum, { seconds }) => sum + seconds, 0));
  const parts = [...told, { name: 'everything else', seconds: rest, look: 'rest' }].filter(({ seconds }) => seconds >= 0.5);
  const whole = parts.reduce((sum, { seconds }) => sum + seconds, 0);
  return markup`<section aria-labelledby="time"><h2 id="time">Where the time went</h2>${stackedBar(parts, whole)}
<ul class="legend">${parts.map(({ name, seconds, look }) => markup`<li><i class="${look}"></i>${name} <b>${clock(seconds)}</b></li>`)}</ul>
<p class="faint">The device was awaited for ${clock(time.device_s)}, ${clock(time.boot_s)} of it while it booted; boardwalk itself took ${clock(time.harness_s)}.</p></section>`;
}

function suiteView(run: RunRecord, suite: string, all: readonly PromiseResult[], consoles: Consoles): Content {
  const promises = all.filter(({ promise }) => promise.suite === suite);
  const others = resultsOfOtherTests(run).filter(({ test }) => test.suite === suite);
  if (promises.length + others.length === 0) return undefined;
  const { noun, words, good, total } = tally(run, suite);
  const count = `${good === total ? good : `${good} of ${total}`} ${noun}s ${words.good}`;
  // A test that proves several promises is shown under the first of them.
  const shownUnder = new Map<string, string>();
  return markup`<section class="suite" aria-labelledby="suite-${suite}"><h2 id="suite-${suite}">${suite} <span class="faint">${count} · ${clock(suiteSeconds(run, suite))}</span></h2>
${promises.map((promise) => promiseView(run, promise, shownUnder, consoles))}
${others.map((result) => loneTestView(run, result, consoles))}</section>`;
}

/** What a reader keeps of a value at a glance. */
const significant = (value: number): string => String(Number(value.toPrecision(3)));

/** A test that claims no promise: its title says what it is about, and its row what it measured. */
function loneTestView(run: RunRecord, result: TestResult, consoles: Consoles): Markup {
  const measured = (result.attempt?.measurements ?? []).map(({ name, value, unit }) => `${name} ${significant(value)} ${unit}`).join(' · ');
  const seconds = result.attempt?.finished?.seconds;
  return markup`<details class="promise lone ${look(result)}" id="${result.test.id}"${isOpen(result)}>
<summary>${badge(result, { good: 'passed', bad: 'failed' })}<span class="statement">${result.test.title}${measured === '' ? undefined : markup` <span class="why">${measured}</span>`}</span>${
    seconds === undefined ? undefined : markup`<span class="seconds">${seconds.toFixed(1)} s</span>`
  }</summary>
<div class="body">${testView(run, result, undefined, consoles)}</div></details>`;
}

function promiseView(run: RunRecord, result: PromiseResult, shownUnder: Map<string, string>, consoles: Consoles): Markup {
  const { promise, tests } = result;
  const { document, section, url } = promise.source;
  const source = markup`${url === undefined || !/^https?:/.test(url) ? document : markup`<a href="${url}" rel="noreferrer">${document}</a>`}${section === undefined ? undefined : markup`, “${section}”`}`;
  const seconds = tests[0]?.attempt?.finished?.seconds;
  const bodies = tests.map((test) => {
    const elsewhere = shownUnder.get(test.test.id);
    if (elsewhere !== undefined)
      return markup`<p class="note">Proved by the same test as <a href="#${encodeURIComponent(elsewhere)}">${elsewhere}</a>.</p>`;
    shownUnder.set(test.test.id, promise.id);
    return testView(run, test, promise, consoles);
  });
  return markup`<details class="promise ${look(result)}" id="${promise.id}"${isOpen(result)}>
<summary>${badge(result)}<span class="id">${promise.id}</span><span class="statement">${promise.statement}${result.outcome === 'pass' || result.reason === undefined || isOpen(result) !== undefined ? undefined : markup` <span class="why">${result.reason}</span>`}</span>${
    seconds === undefined ? undefined : markup`<span class="seconds">${seconds.toFixed(1)} s</span>`
  }</summary>
<div class="body"><p class="source">Promised by ${source} <a class="link" href="#${encodeURIComponent(promise.id)}" aria-label="Link to ${promise.id}">#</a></p>
${tests.length === 0 ? markup`<p class="message">${result.reason}</p>` : bodies}</div></details>`;
}

const look = (result: Result): string =>
  isBroken(result) ? 'broken' : { pass: 'held', skip: 'skipped', fail: 'doubt', error: 'doubt', miss: 'doubt' }[result.outcome];
const isOpen = (result: Result): Content =>
  isBroken(result) || result.outcome === 'fail' || result.outcome === 'error' ? markup` open` : undefined;

/** The state in a sign and a word; colour only repeats them. */
function badge(result: Result, words: { good: string; bad: string } = { good: 'held', bad: 'broken' }): Markup {
  const [sign, word] = isBroken(result)
    ? ['✗', words.bad]
    : { pass: ['✓', words.good], skip: ['–', 'skipped'], fail: ['!', 'undecided'], error: ['!', 'error'], miss: ['!', 'not run'] }[
        result.outcome
      ];
  const cause = result.cause === undefined ? undefined : markup` <span class="cause">${result.cause}</span>`;
  return markup`<span class="badge"><span aria-hidden="true">${sign}</span> <span class="word">${word}</span>${cause}</span>`;
}

function bootsView(run: RunRecord): Content {
  if (run.boots.length === 0) return undefined;
  const longest = Math.max(...run.boots.map(({ totalSeconds }) => totalSeconds));
  return markup`<section aria-labelledby="boots"><h2 id="boots">Boots <span class="faint">${run.boots.length} · ${typicalBoot(run.boots)}</span></h2>
<details class="all-boots"><summary>Every boot, stage by stage</summary>${bootTable(run.boots, longest)}</details></section>`;
}

const hash = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
