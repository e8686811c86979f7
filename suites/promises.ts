import { dbusPromises } from './promises/dbus.ts';
import { environmentPromises } from './promises/environment.ts';
import type { PromiseRecord, SuitePromises, VersionRange } from './promises/promise.ts';
import { rollbackPromises } from './promises/rollback.ts';
import { storagePromises } from './promises/storage.ts';
import { timePromises } from './promises/time.ts';
import { tmpPromises } from './promises/tmp.ts';

export { versionedNames } from './promises/environment.ts';
export { documents, type PromiseRecord, type VersionRange } from './promises/promise.ts';

/** What must hold, by suite, in the order in which they are told. A promise's id is `suite.name`. */
const catalogue = {
  environment: environmentPromises,
  dbus: dbusPromises,
  tmp: tmpPromises,
  time: timePromises,
  storage: storagePromises,
  rollback: rollbackPromises,
} as const satisfies Record<string, SuitePromises>;

export type SuiteName = keyof typeof catalogue;

/** Every id of the catalogue, as a type: a test that claims anything else doesn't compile. */
export type PromiseId = { [Suite in SuiteName]: `${Suite}.${keyof (typeof catalogue)[Suite] & string}` }[SuiteName];

export interface CataloguedPromise extends PromiseRecord {
  id: PromiseId;
  suite: SuiteName;
}

// The keys of a const object are known to be of these types; Object.keys alone says string.
const namesOf = <T extends object>(record: T) => Object.keys(record) as (keyof T & string)[];

export const suiteNames: readonly SuiteName[] = namesOf(catalogue);

/** Every promise, suite by suite. */
export const promises: readonly CataloguedPromise[] = suiteNames.flatMap((suite) => {
  const ofSuite: SuitePromises = catalogue[suite];
  return Object.entries(ofSuite).map(([name, record]) => ({ id: `${suite}.${name}` as PromiseId, suite, ...record }));
});

const byId = new Map<string, CataloguedPromise>(promises.map((each) => [each.id, each]));

/** The catalogue's record of a promise. */
export function promise(id: PromiseId): CataloguedPromise {
  const found = byId.get(id);
  if (found === undefined) throw new RangeError(`the catalogue has no promise “${id}”`);
  return found;
}

/** Whether a string, from an event log or a command line, is the id of a catalogued promise. */
export function isPromiseId(text: string): text is PromiseId {
  return byId.has(text);
}

/** Compares dotted versions by their numbers; what follows the first `-`, `+` or `_` (revisions, pre-releases) doesn't count. */
function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((version) => version.split(/[-+_]/)[0]?.split('.').map(Number) ?? []);
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a version lies in a range: at or after `since`, before `until`. */
export function inRange(version: string, range: VersionRange): boolean {
  if (range.since !== undefined && compareVersions(version, range.since) < 0) return false;
  return range.until === undefined || compareVersions(version, range.until) < 0;
}

/** The versions that a device runs, by component. */
export interface ComponentVersions {
  supervisor: string;
  os: string;
}

/** Why a promise isn't made by these versions, in words for a skip; undefined where it is made. */
export function notPromised(record: PromiseRecord, running: ComponentVersions): string | undefined {
  for (const component of ['supervisor', 'os'] as const) {
    const range = record.versions?.[component];
    if (range === undefined || inRange(running[component], range)) continue;
    const bounds = [range.since && `from ${range.since}`, range.until && `before ${range.until}`].filter(Boolean).join(', ');
    return `promised by ${component} versions ${bounds}; this device has ${running[component]}`;
  }
  return undefined;
}
