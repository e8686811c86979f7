import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { documents, inRange, isPromiseId, notPromised, promise, promises, suiteNames } from './promises.ts';

const suiteFiles = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.suite.ts'));
const sources = new Map(
  await Promise.all(suiteFiles.map(async (name) => [name, await readFile(join(import.meta.dirname, name), 'utf8')] as const)),
);

/** The promises that a suite file claims: every id it quotes. That they exist, and are claimed by a test, the types see to. */
function claims(source: string): string[] {
  return [...source.matchAll(/'([a-z]+\.[a-z0-9-]+)'/g)]
    .map(([, id = '']) => id)
    .filter((id) => suiteNames.some((suite) => id.startsWith(`${suite}.`)));
}

test('the catalogue has at least 66 promises, each with an id of its own that starts with its suite', (t) => {
  t.true(promises.length >= 66, `${promises.length} promises`);
  t.is(new Set(promises.map(({ id }) => id)).size, promises.length);
  for (const { id, suite } of promises) t.true(id.startsWith(`${suite}.`), id);
});

test('there is one suite file for each suite of the catalogue', (t) => {
  t.deepEqual(suiteFiles.sort(), suiteNames.map((suite) => `${suite}.suite.ts`).sort());
});

test('every promise is claimed by its suite, and nothing else is', (t) => {
  for (const suite of suiteNames) {
    const claimed = claims(sources.get(`${suite}.suite.ts`) ?? '');
    const promised = promises.filter((each) => each.suite === suite).map(({ id }) => id);
    t.deepEqual([...new Set(claimed)].sort(), [...promised].sort(), suite);
  }
});

test('statements are one sentence of their own, and sources are documents that exist', (t) => {
  t.is(new Set(promises.map(({ statement }) => statement)).size, promises.length);
  for (const { id, statement, source } of promises) {
    t.regex(statement, /^[\p{Lu}/].*\.$/u, id);
    t.true(source.document in documents, id);
    t.not(source.section, '', id);
  }
});

test('promise() and isPromiseId() know the catalogue and nothing else', (t) => {
  t.is(promise('tmp.survives-dbus-reboot').suite, 'tmp');
  t.true(isPromiseId('tmp.survives-dbus-reboot'));
  t.false(isPromiseId('tmp.survives'));
  t.false(isPromiseId('toString'));
});

test('a range starts at since and ends before until', (t) => {
  const range = { since: '1.2.0', until: '12.0.0' };
  t.deepEqual(
    ['1.1.9', '1.2.0', '9.15.7', '11.14.4', '12.0.0', '19.0.5', '12.0.0-rc1', '2.113.18+rev2'].map((version) => inRange(version, range)),
    [false, true, true, true, false, false, false, true],
  );
  t.true(inRange('0.0.1', {}));
});

test('a promise that the running versions do not make is named with its range', (t) => {
  const record = { ...promise('dbus.reboot'), versions: { supervisor: { since: '2.0.0', until: '3.0.0' } } };
  t.is(notPromised(record, { supervisor: '2.5.0', os: '1.0.0' }), undefined);
  t.is(
    notPromised(record, { supervisor: '3.1.0', os: '1.0.0' }),
    'promised by supervisor versions from 2.0.0, before 3.0.0; this device has 3.1.0',
  );
});
