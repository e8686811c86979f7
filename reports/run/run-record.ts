import type { BootStage, CatalogPromise, Event, EventOf, ImageIdentity } from '../event-log/event.ts';

/** One go at a test. Without `finished` it is running, or the run ended in the middle of it. */
export interface Attempt {
  readonly started: EventOf<'test-started'>;
  readonly steps: EventOf<'test-step'>[];
  readonly measurements: EventOf<'measurement'>[];
  readonly boots: EventOf<'device-boot'>[];
  readonly faults: EventOf<'console-fault'>[];
  finished: EventOf<'test-finished'> | undefined;
}

export interface TestRecord {
  readonly id: string;
  readonly suite: string;
  readonly title: string;
  readonly file: string;
  readonly line: number;
  readonly promises: readonly string[];
  /** In order; the first one decides. Empty: planned and never started. */
  readonly attempts: Attempt[];
}

/** All that a log says about a run, grouped. Nothing in it is judged. */
export interface RunRecord {
  started: EventOf<'run-started'> | undefined;
  image: ImageIdentity | undefined;
  readonly tests: Map<string, TestRecord>;
  readonly steps: EventOf<'step'>[];
  readonly boots: EventOf<'device-boot'>[];
  readonly power: EventOf<'device-power'>[];
  readonly faults: EventOf<'console-fault'>[];
  readonly harnessErrors: EventOf<'harness-error'>[];
  /** Boots under way, by device: since when (milliseconds since the start), and the stages behind it. */
  readonly booting: Map<string, { since: number; stages: BootStage[] }>;
  interrupted: EventOf<'run-interrupted'> | undefined;
  finished: EventOf<'run-finished'> | undefined;
  /** Milliseconds since the start, at the last event. */
  t: number;
}

export function emptyRunRecord(): RunRecord {
  return {
    started: undefined,
    image: undefined,
    tests: new Map(),
    steps: [],
    boots: [],
    power: [],
    faults: [],
    harnessErrors: [],
    booting: new Map(),
    interrupted: undefined,
    finished: undefined,
    t: 0,
  };
}

/** The record after all the events. */
export function recordRun(events: Iterable<Event>): RunRecord {
  const run = emptyRunRecord();
  for (const event of events) recordEvent(run, event);
  return run;
}

/** Adds one event to the record (in place: a live reporter keeps one record for the whole run). */
export function recordEvent(run: RunRecord, event: Event): void {
  run.t = event.t;
  switch (event.type) {
    case 'run-started':
      run.started = event;
      run.image = event.image;
      return;
    case 'image-ready':
      run.image = event.image;
      return;
    case 'step':
      run.steps.push(event);
      return;
    case 'tests-planned':
      for (const { test, ...planned } of event.tests) if (!run.tests.has(test)) run.tests.set(test, { id: test, ...planned, attempts: [] });
      return;
    case 'device-power':
      run.power.push(event);
      if (event.state === 'off') run.booting.delete(event.device);
      else run.booting.set(event.device, { since: event.t, stages: [] });
      return;
    case 'device-boot-stage':
      recordStage(run, event);
      return;
    case 'device-boot':
      run.boots.push(event);
      run.booting.delete(event.device);
      runningOn(run, event.device)?.boots.push(event);
      return;
    case 'console-fault':
      run.faults.push(event);
      runningOn(run, event.device)?.faults.push(event);
      return;
    case 'test-started':
      testOf(run, event).attempts.push({ started: event, steps: [], measurements: [], boots: [], faults: [], finished: undefined });
      return;
    case 'test-step':
      attemptOf(run, event)?.steps.push(event);
      return;
    case 'measurement':
      attemptOf(run, event)?.measurements.push(event);
      return;
    case 'test-finished':
      finishAttempt(run, event);
      return;
    case 'harness-error':
      run.harnessErrors.push(event);
      return;
    case 'run-interrupted':
      run.interrupted = event;
      return;
    case 'run-finished':
      run.finished = event;
      return;
  }
}

/** The attempt that has a device now. */
export function runningOn(run: RunRecord, device: string): Attempt | undefined {
  for (const test of run.tests.values()) {
    const attempt = test.attempts.at(-1);
    if (attempt?.finished === undefined && attempt?.started.device === device) return attempt;
  }
  return undefined;
}

/**
 * The promises that this run was asked to prove: the catalogue of its suites, and whatever its tests claim besides. Under --grep only what the chosen
 * tests claim, since nobody asked for the rest.
 */
export function askedPromises(run: RunRecord): CatalogPromise[] {
  const claimed = new Map([...run.tests.values()].flatMap((test) => test.promises.map((id) => [id, test] as const)));
  const catalog = run.started?.promises ?? [];
  const known = new Set(catalog.map((promise) => promise.id));
  return [
    ...catalog.filter((promise) => run.started?.grep === undefined || claimed.has(promise.id)),
    ...[...claimed]
      .filter(([id]) => !known.has(id))
      .map(([id, test]) => ({ id, suite: test.suite, statement: test.title, source: { document: `${test.file}:${test.line}` } })),
  ];
}

function testOf(run: RunRecord, event: EventOf<'test-started'>): TestRecord {
  const known = run.tests.get(event.test);
  if (known !== undefined) return known;
  const { test: id, suite, title, file, line, promises } = event;
  const test = { id, suite, title, file, line, promises, attempts: [] };
  run.tests.set(id, test);
  return test;
}

function attemptOf(run: RunRecord, event: { test: string; attempt: number }): Attempt | undefined {
  return run.tests.get(event.test)?.attempts.find((attempt) => attempt.started.attempt === event.attempt);
}

function recordStage(run: RunRecord, { device, stage, t }: EventOf<'device-boot-stage'>): void {
  const known = run.booting.get(device);
  // Init ends at the login prompt. What a test does from there on is no boot; a run's first boot may have been told whole before that.
  if (stage.name === 'init' && (known === undefined || runningOn(run, device) !== undefined)) {
    run.booting.delete(device);
    return;
  }
  const boot = known ?? { since: Math.max(0, t - stage.seconds * 1000), stages: [] };
  boot.stages.push(stage);
  run.booting.set(device, boot);
}

/** A result is never overwritten: should a test be told finished twice, the first telling stands. */
function finishAttempt(run: RunRecord, event: EventOf<'test-finished'>): void {
  const attempt = attemptOf(run, event) ?? unstartedAttempt(run, event);
  if (attempt === undefined) return;
  run.booting.delete(attempt.started.device);
  attempt.finished ??= event;
}

/** A planned test can end without a beginning, as one that is skipped before any device takes it up. */
function unstartedAttempt(run: RunRecord, { seq, at, t, test, attempt }: EventOf<'test-finished'>): Attempt | undefined {
  const planned = run.tests.get(test);
  if (planned === undefined) return undefined;
  const { suite, title, file, line, promises } = planned;
  const device = run.started?.devices[0]?.id ?? '';
  const started = { type: 'test-started' as const, seq, at, t, test, suite, title, file, line, promises: [...promises], attempt, device };
  const added = { started, steps: [], measurements: [], boots: [], faults: [], finished: undefined };
  planned.attempts.push(added);
  return added;
}
