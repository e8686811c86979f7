import type { EventOf, NewEvent } from '../event-log/event.ts';

type Given<Type extends NewEvent['type']> = Omit<Extract<NewEvent, { type: Type }>, 'type'>;

/** Small events for tests, each a whole one that the schema takes; a test states only what it is about. */
export const runStarted = (given: Partial<Given<'run-started'>> = {}): NewEvent => ({
  type: 'run-started',
  run: '20261122-120211',
  argv: ['run'],
  cwd: '/home/lab/bench',
  boardwalk: '0.1.0',
  host: { cpus: 2, accelerator: 'tcg', acceleratorReason: 'kvm present, hung in probe', node: 'v24.21.0' },
  suites: [...new Set((given.promises ?? []).map((promise) => promise.suite))],
  devices: [{ id: 'qemu-1', type: 'qemux86-64' }],
  promises: [],
  seed: 4711,
  ...given,
});

export const promise = (id: string, statement = `${id} holds`): EventOf<'run-started'>['promises'][number] => ({
  id,
  suite: id.split('.')[0] ?? id,
  statement,
  source: { document: 'communicate-outside-container', section: 'A section' },
});

export const testStarted = (test: string, promises: string[], given: Partial<Given<'test-started'>> = {}): NewEvent => ({
  type: 'test-started',
  test,
  suite: promises[0]?.split('.')[0] ?? 'storage',
  title: `${test} title`,
  file: 'suites/storage.suite.ts',
  line: 12,
  promises,
  attempt: 1,
  device: 'qemu-1',
  ...given,
});

export const testFinished = (
  test: string,
  outcome: Given<'test-finished'>['outcome'],
  given: Partial<Given<'test-finished'>> = {},
): NewEvent => ({
  type: 'test-finished',
  test,
  attempt: 1,
  outcome,
  seconds: 2,
  deviceSeconds: 1.5,
  attachments: [],
  ...(['fail', 'error', 'miss'].includes(outcome) ? { cause: 'product' } : {}),
  ...(outcome === 'skip' ? { reason: 'the device has no sticks' } : {}),
  ...given,
});

export const fault = (given: Partial<Given<'console-fault'>> = {}): NewEvent => ({
  type: 'console-fault',
  device: 'qemu-1',
  kind: 'panic',
  line: 'Kernel panic - not syncing: VFS: Unable to mount root fs',
  offset: 1000,
  expected: false,
  ...given,
});

export const harnessError = (cause: Given<'harness-error'>['cause'], message = 'the bench went wrong'): NewEvent => ({
  type: 'harness-error',
  message,
  cause,
  advice: 'mend it and run again',
});
