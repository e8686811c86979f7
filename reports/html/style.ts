/** The style sheet of the report page: quiet, one column, light and dark by what the reader's system says, from 360 px up. */
export const style = `
:root {
  --paper: #fbfaf8; --raised: #ffffff; --sunken: #f3f1ed; --ink: #1f2328; --faint: #646a73; --line: #e2dfd9; --link: #0b5cad;
  --good: #1a7f4b; --bad: #b3261e; --doubt: #8a5a00; --good-wash: #e6f3ec; --bad-wash: #fcebe9; --doubt-wash: #fbf1dc;
  --tone0: #b8b4ab; --tone0b: #8f8a80; --tone1: #3b6ea5; --tone2: #6c9bc7; --tone3: #4b8f83; --tone4: #8ab57b; --tone5: #c9a24d; --tone6: #b97a56; --rest: #dedad2;
  --red: #b3261e; --green: #17724a; --yellow: #8a5a00; --blue: #0b5cad; --magenta: #8e3a8c; --cyan: #0f7680;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181b; --raised: #1d2024; --sunken: #121416; --ink: #e4e2de; --faint: #9aa0a8; --line: #30343a; --link: #7db8f5;
    --good: #62c492; --bad: #f28b82; --doubt: #e2b457; --good-wash: #182a21; --bad-wash: #331d1c; --doubt-wash: #2f2717;
    --tone0: #5a5d62; --tone0b: #7a7d82; --tone1: #4f86c0; --tone2: #7fabd3; --tone3: #5aa597; --tone4: #93bd85; --tone5: #cfae63; --tone6: #c48a68; --rest: #34383e;
    --red: #f28b82; --green: #62c492; --yellow: #e2b457; --blue: #7db8f5; --magenta: #d7a0d5; --cyan: #6fc7cf;
  }
}
* { box-sizing: border-box; }
html { color-scheme: light dark; scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 72rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', 'DejaVu Sans', sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0.25rem 0 1.25rem; font-size: clamp(1.5rem, 1rem + 2.4vw, 2.25rem); line-height: 1.2; font-weight: 650; letter-spacing: -0.01em; text-wrap: balance; }
h2 { margin: 3rem 0 0.75rem; font-size: 1.15rem; font-weight: 650; }
h2 .faint { font-weight: 400; font-size: 0.9rem; margin-left: 0.4rem; }
h4 { margin: 1rem 0 0.5rem; font-size: 0.95rem; }
h5 { margin: 1.25rem 0 0.4rem; font-size: 0.8rem; font-weight: 600; color: var(--faint); }
p { margin: 0.4rem 0; }
a { color: var(--link); text-underline-offset: 0.15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
code, pre, .id { font-family: ui-monospace, 'SF Mono', 'Cascadia Mono', 'Liberation Mono', 'DejaVu Sans Mono', monospace; font-size: 0.85rem; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
ul, ol { margin: 0; padding: 0; list-style: none; }
.faint { color: var(--faint); }
.note { color: var(--faint); font-size: 0.9rem; }

.verdict { margin: 0; font-weight: 650; }
.verdict span { display: inline-block; width: 1.5em; height: 1.5em; line-height: 1.5em; margin-right: 0.25em; text-align: center; border-radius: 50%; }
.pass .verdict { color: var(--good); } .pass .verdict span { background: var(--good-wash); }
.fail .verdict { color: var(--bad); } .fail .verdict span { background: var(--bad-wash); }
.inconclusive .verdict, .interrupted .verdict { color: var(--doubt); } .inconclusive .verdict span, .interrupted .verdict span { background: var(--doubt-wash); }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin-bottom: 1.25rem; }
nav a { font-family: ui-monospace, 'SF Mono', 'Cascadia Mono', 'Liberation Mono', 'DejaVu Sans Mono', monospace; font-size: 0.9rem; color: var(--bad); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0.5rem 2rem; margin: 0; padding: 1rem 0; border-block: 1px solid var(--line); }
.facts div { display: flex; gap: 0.75rem; }
.facts dt { flex: none; width: 4rem; color: var(--faint); }
.facts dd { margin: 0; }
.sha { font-size: 0.85rem; }

.trouble { margin-top: 2rem; padding: 0.25rem 1.25rem 1rem; background: var(--doubt-wash); border-radius: 8px; }
.trouble h2 { margin-top: 0.75rem; }
.trouble li + li { margin-top: 0.6rem; }

.bar { display: block; width: 100%; height: 12px; border-radius: 3px; overflow: hidden; background: var(--sunken); }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0.6rem 0 0.4rem; font-size: 0.9rem; }
.legend b, .measurements b { font-variant-numeric: tabular-nums; font-weight: 600; }
i[class] { display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.4em; border-radius: 2px; }
i.tone0 { background: var(--tone0); } i.tone0b { background: var(--tone0b); } i.tone1 { background: var(--tone1); } i.tone2 { background: var(--tone2); } i.tone3 { background: var(--tone3); }
i.tone4 { background: var(--tone4); } i.tone5 { background: var(--tone5); } i.tone6 { background: var(--tone6); } i.rest { background: var(--rest); }
rect.tone0 { fill: var(--tone0); } rect.tone0b { fill: var(--tone0b); } rect.tone1 { fill: var(--tone1); } rect.tone2 { fill: var(--tone2); } rect.tone3 { fill: var(--tone3); }
rect.tone4 { fill: var(--tone4); } rect.tone5 { fill: var(--tone5); } rect.tone6 { fill: var(--tone6); } rect.rest { fill: var(--rest); }

.promise { border-top: 1px solid var(--line); }
.promise:last-of-type { border-bottom: 1px solid var(--line); }
summary { cursor: pointer; }
.promise > summary { display: grid; grid-template-columns: 5.5rem 17rem minmax(0, 1fr) auto; gap: 0.2rem 1rem; align-items: baseline; padding: 0.55rem 0.5rem; list-style: none; border-radius: 4px; }
.lone > summary { grid-template-columns: 5.5rem minmax(0, 1fr) auto; }
.promise > summary::-webkit-details-marker { display: none; }
.promise > summary:hover { background: var(--sunken); }
.badge { font-size: 0.85rem; white-space: nowrap; }
.held > summary .badge { color: var(--good); } .skipped > summary .badge { color: var(--faint); } .broken > summary .badge { color: var(--bad); font-weight: 650; } .doubt > summary .badge { color: var(--doubt); font-weight: 650; }
.cause { display: block; font-weight: 400; color: var(--faint); }
.id { min-width: 0; }
.statement { color: var(--faint); font-size: 0.95rem; }
.why { display: block; font-style: italic; font-size: 0.9rem; }
.broken .statement, .doubt .statement { color: var(--ink); }
.seconds { color: var(--faint); font-size: 0.85rem; font-variant-numeric: tabular-nums; }
.promise[open] > summary .id { font-weight: 650; }
.body { padding: 0 0.5rem 1.5rem; }
.broken[open] > .body, .doubt[open] > .body { border-left: 3px solid var(--bad); padding-left: 1.25rem; margin: 0.25rem 0 1.5rem 0.5rem; padding-bottom: 0.25rem; }
.doubt[open] > .body { border-left-color: var(--doubt); }
.source { font-size: 0.9rem; color: var(--faint); }
.link { text-decoration: none; padding: 0 0.3em; }
.message, .advice, .lines { white-space: pre-wrap; }
.message { font-size: 1.05rem; margin: 0.6rem 0 1rem; max-width: 60ch; }
.error { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.15rem 0; margin: 0; }
.error dt { color: var(--faint); font-size: 0.85rem; margin-top: 0.4rem; }
.error dd { margin: 0; padding: 0.45rem 0.7rem; background: var(--sunken); border-radius: 5px; }
.advice { margin: 1rem 0; max-width: 60ch; }
.stack { margin-top: 0.75rem; font-size: 0.9rem; }
.stack pre { margin-top: 0.4rem; padding: 0.5rem 0.7rem; background: var(--sunken); border-radius: 5px; }
.where { margin-top: -0.3rem; font-size: 0.9rem; }
.where .faint { font-size: 0.85rem; }
.command { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.75rem; margin: 1.25rem 0 0; padding: 0.45rem 0.7rem; background: var(--sunken); border-radius: 5px; }
.command .label { color: var(--faint); font-size: 0.85rem; }
.command code { flex: 1 1 16rem; min-width: 0; }
button { font: inherit; font-size: 0.85rem; color: var(--ink); background: var(--raised); border: 1px solid var(--line); border-radius: 5px; padding: 0.15rem 0.7rem; min-height: 1.9rem; cursor: pointer; }
button:hover { border-color: var(--faint); }
.measurements { display: grid; grid-template-columns: auto auto 13rem minmax(0, 1fr); gap: 0.2rem 1.25rem; font-size: 0.9rem; }
.measurements li { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; align-items: center; }
.measurements b { text-align: right; }
.plot { width: 13rem; height: 1.25rem; }
.plot .track { fill: var(--rest); } .plot .good { fill: var(--good); opacity: 0.45; } .plot .marginal { fill: var(--doubt); opacity: 0.45; } .plot .needle { stroke: var(--ink); stroke-width: 2.5; }
.timeline li { display: flex; align-items: baseline; justify-content: space-between; gap: 1rem; font-size: 0.9rem; }
.timeline .faint { flex: none; font-variant-numeric: tabular-nums; }
.timeline .power .words { color: var(--doubt); } .timeline .boot .words { color: var(--link); } .timeline .fault .words, .timeline .broken .words { color: var(--bad); }
.mark { display: flex; gap: 0.75rem; flex: 1; min-width: 0; min-height: 1.75rem; margin-left: -0.4rem; padding: 0.1rem 0.4rem; border: 0; background: none; font-size: inherit; text-align: left; }
button.mark:hover { background: var(--sunken); }
.since { flex: none; min-width: 3.8rem; color: var(--faint); font-variant-numeric: tabular-nums; }
.boots li { padding: 0.35rem 0; font-size: 0.9rem; }
.boots p { margin: 0.15rem 0; }
.stage { white-space: nowrap; margin-right: 0.6rem; font-size: 0.85rem; }
.all-boots summary { padding: 0.3rem 0; }

.attempt { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.25rem; }
.console-of h5 { margin-top: 0.5rem; }
.console { position: relative; max-height: 22rem; overflow: auto; padding: 0.6rem 0; background: var(--sunken); border: 1px solid var(--line); border-radius: 6px; }
.console p { display: flex; gap: 0.9rem; margin: 0; padding: 0 0.8rem; line-height: 1.45; }
.console time { flex: none; color: var(--faint); font-size: 0.75rem; line-height: 1.65; font-variant-numeric: tabular-nums; user-select: none; }
.console code { min-width: 0; white-space: pre-wrap; font-size: 0.8rem; }
.console p:target, .console p.now { background: var(--doubt-wash); }
.console .cut { color: var(--faint); padding: 0.6rem 0.8rem; font-size: 0.85rem; }
.console .bold { font-weight: 700; } .console .faint { opacity: 0.7; }
.console .red { color: var(--red); } .console .green { color: var(--green); } .console .yellow { color: var(--yellow); } .console .blue { color: var(--blue); } .console .magenta { color: var(--magenta); } .console .cyan { color: var(--cyan); }
.clock { position: relative; margin-bottom: 0.5rem; display: grid; grid-template-columns: 1fr 6.5rem; gap: 0 0.75rem; align-items: center; }
.clock[hidden] { display: none; }
.ticks { grid-column: 1; width: calc(100% - 16px); height: 12px; margin: 0 8px; overflow: visible; }
.ticks path { stroke: var(--faint); stroke-width: 2; vector-effect: non-scaling-stroke; }
.ticks .boot { stroke: var(--tone1); } .ticks .power { stroke: var(--doubt); } .ticks .fault { stroke: var(--bad); }
.clock input { grid-column: 1; width: 100%; margin: 0; accent-color: var(--link); }
.clock output { font-size: 0.85rem; font-variant-numeric: tabular-nums; color: var(--faint); text-align: right; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--faint); font-size: 0.85rem; }

@media (min-width: 60rem) {
  .broken > .body .attempt, .doubt > .body .attempt { grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 2rem; align-items: start; }
  .broken .console, .doubt .console { max-height: 34rem; }
  .broken .measurements, .doubt .measurements { grid-template-columns: 1fr auto; }
  .broken .measurements .plot, .broken .measurements .faint, .doubt .measurements .plot, .doubt .measurements .faint { grid-column: 1 / -1; }
}
@media (max-width: 40rem) {
  body { padding: 1.5rem 1rem 3rem; }
  .promise > summary { grid-template-columns: 1fr auto; padding-inline: 0.25rem; }
  .promise > summary .id { grid-column: 1 / -1; order: 3; }
  .statement { grid-column: 1 / -1; order: 4; }
  .cause { display: inline; }
  .body { padding-inline: 0.25rem; }
  .broken[open] > .body, .doubt[open] > .body { padding-left: 0.8rem; margin-left: 0; }
  .measurements { grid-template-columns: 1fr auto; row-gap: 0.8rem; }
  .measurements .plot, .measurements .faint { grid-column: 1 / -1; }
  .console p { gap: 0.5rem; padding: 0 0.5rem; }
  .console time { display: none; }
}
@media print { .copy, .clock { display: none; } .console { max-height: none; } }
`;
