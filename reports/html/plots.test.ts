import test from 'ava';
import type { EventOf } from '../event-log/event.ts';
import { markup, Markup } from './markup.ts';
import { limitsInWords, measurementPlot, stackedBar } from './plots.ts';

const measured = (value: number, limits: EventOf<'measurement'>['limits']): string =>
  measurementPlot({
    type: 'measurement',
    seq: 1,
    at: '2026-11-22T12:00:00.000Z',
    t: 0,
    test: 't',
    attempt: 1,
    name: 'reboot',
    value,
    unit: 's',
    limits,
    outcome: 'pass',
  }).text;

test('a measurement says in words what it draws', (t) => {
  t.regex(measured(20, { max: 90, marginalMax: 60 }), /aria-label="reboot: 20 s, at most 90 s \(well: at most 60 s\): pass"/);
  t.is(limitsInWords({ min: 1, max: 2 }, 'V'), '1 to 2 V');
  t.is(limitsInWords({ min: 1 }, 'V'), 'at least 1 V');
  t.is(limitsInWords({}, 'V'), 'no limit');
});

test('the needle stays on the scale, whatever the value and the limits are', (t) => {
  for (const [value, limits] of [
    [0, {}],
    [5, {}],
    [-7, { max: -3 }],
    [500, { max: 90 }],
    [-500, { min: -100, max: 100, marginalMin: -50, marginalMax: 50 }],
    [3, { min: 3, max: 3 }],
  ] as const) {
    const svg = measured(value, limits);
    const needle = Number(/needle" d="M([-\d.]+) /.exec(svg)?.[1]);
    t.true(needle >= 0 && needle <= 200, `${value}: ${svg}`);
    t.notRegex(svg, /NaN|Infinity|width="-/);
  }
});

test('a stacked bar fills its share of the whole', (t) => {
  const parts = [
    { name: 'a', seconds: 1, look: 'tone1' },
    { name: 'none', seconds: 0, look: 'tone2' },
    { name: 'b', seconds: 2, look: 'tone3' },
  ];
  t.deepEqual(
    [...stackedBar(parts, 4).text.matchAll(/x="(\S+)" y="0" width="(\S+)"/g)].map(([, x, width]) => [Number(x), Number(width)]),
    [
      [0, 250],
      [250, 500],
    ],
  );
  t.notRegex(stackedBar(parts, 0).text, /NaN|Infinity/);
});

test('markup escapes every value that is not markup', (t) => {
  const inner = markup`<b>${'<&"\''}</b>`;
  t.is(markup`${inner}${undefined}${[1, 'a\x1b[31m\0', new Markup('<i>')]}`.text, '<b>&lt;&amp;&quot;&#39;</b>1a\ufffd<i>');
});
