import { z } from 'zod';

/**
 * The events of a run, one JSON object a line in `events.ndjson`. They are the truth of the run; whatever else a run leaves behind is derived from them.
 *
 * Every event carries where it stands: `seq` (its line number, from 1), `at` (wall time, ISO 8601 with milliseconds, UTC) and `t` (milliseconds since the log
 * was opened, from a monotonic clock: durations are differences of `t`, because wall clocks get set, on a time-sync bench more than anywhere).
 * Durations with a name of their own are in seconds.
 */
const stamp = {
  seq: z.int().positive().describe('line number in the log, from 1'),
  at: z.iso.datetime({ precision: 3 }).describe('wall time, UTC'),
  t: z.number().nonnegative().describe('milliseconds since the log was opened, monotonic'),
};

const seconds = z.number().nonnegative();
const name = z.string().min(1);

/** pass and fail are about the promise; error = ended before it could say; miss = never ran; skip = the device can't, and the reason says what it lacks. */
export const outcomeSchema = z.enum(['pass', 'fail', 'error', 'miss', 'skip']);
/** To whom a non-pass is charged. */
export const causeSchema = z.enum(['product', 'test', 'infra', 'harness', 'unknown']);
export const verdictSchema = z.enum(['pass', 'fail', 'inconclusive', 'interrupted']);

export const imageSchema = z.strictObject({
  name,
  version: z.string(),
  variant: z.string().describe('development or production'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 is 64 lower-case hexadecimal digits'),
  cached: z.boolean(),
});

export const deviceSchema = z.strictObject({ id: name, type: name });

export const promiseSchema = z.strictObject({
  id: name.describe('suite.what-holds'),
  suite: name,
  statement: z.string().min(1),
  source: z.strictObject({ document: name, section: z.string().optional(), url: z.string().optional() }),
});

export const evidenceSchema = z.strictObject({
  kind: z.enum(['console', 'command', 'http', 'file']),
  text: z.string(),
  offset: z.int().nonnegative().optional().describe("for console: byte offset in the device's console log"),
});

export const testErrorSchema = z.strictObject({
  message: z.string(),
  expected: z.string().optional(),
  seen: z.string().optional(),
  stack: z.string().optional(),
  evidence: z.array(evidenceSchema),
  advice: z.string().optional(),
});

export const attachmentSchema = z
  .strictObject({
    name,
    contentType: name,
    path: z.string().optional().describe('relative to the run directory'),
    body: z.string().optional().describe('text, where there is no file'),
  })
  .refine((attachment) => (attachment.path === undefined) !== (attachment.body === undefined), 'an attachment has either a path or a body');

export const limitsSchema = z.strictObject({
  min: z.number().optional(),
  max: z.number().optional(),
  marginalMin: z.number().optional().describe('below it the value holds, but barely'),
  marginalMax: z.number().optional().describe('above it the value holds, but barely'),
});

export const bootStageNameSchema = z.enum(['restored', 'firmware', 'loader', 'kernel', 'init', 'login', 'ssh']);
export const bootStageSchema = z.strictObject({ name: bootStageNameSchema, seconds });

const testIdentity = {
  test: name.describe('unique in the run; the same test on another device type has another id'),
  suite: name,
  title: name,
  file: name.describe('relative to the directory of the run'),
  line: z.int().nonnegative(),
  promises: z.array(name),
};
const attemptIdentity = { test: name, attempt: z.int().positive().describe('1 is the first; a retry never overwrites it') };

export const runStartedSchema = z.strictObject({
  ...stamp,
  type: z.literal('run-started'),
  run: name.describe('id, the name of the run directory'),
  argv: z.array(z.string()),
  cwd: name,
  boardwalk: name.describe("boardwalk's version"),
  host: z.strictObject({
    cpus: z.int().positive(),
    accelerator: z.string().describe('kvm, tcg, or none where no virtual machine is involved'),
    acceleratorReason: z.string(),
    node: name,
  }),
  image: imageSchema.optional().describe('when already known; otherwise image-ready tells it'),
  suites: z.array(name),
  grep: z.string().optional().describe('a narrower choice of tests: only the promises of the planned tests are asked for'),
  devices: z.array(deviceSchema),
  promises: z.array(promiseSchema).describe('the catalogue of the suites asked for'),
  seed: z.int().nonnegative(),
});

export const imageReadySchema = z.strictObject({ ...stamp, type: z.literal('image-ready'), image: imageSchema });

export const stepSchema = z.strictObject({
  ...stamp,
  type: z.literal('step'),
  kind: z.enum(['image', 'provision', 'tidy']),
  name,
  state: z.enum(['started', 'done', 'cached', 'failed']),
  seconds: seconds.optional().describe('once it ended'),
  device: name.optional(),
  detail: z.string().optional(),
});

export const testsPlannedSchema = z.strictObject({
  ...stamp,
  type: z.literal('tests-planned'),
  tests: z.array(z.strictObject(testIdentity)).describe('a planned test that never starts is a miss'),
});

export const devicePowerSchema = z.strictObject({
  ...stamp,
  type: z.literal('device-power'),
  device: name,
  state: z.enum(['on', 'off']),
});

export const deviceBootStageSchema = z.strictObject({
  ...stamp,
  type: z.literal('device-boot-stage'),
  device: name,
  stage: bootStageSchema.describe('a stage of the boot under way, told as it ends'),
});

export const deviceBootSchema = z.strictObject({
  ...stamp,
  type: z.literal('device-boot'),
  device: name,
  bootId: z.string().optional(),
  cause: z.enum(['run', 'suite', 'test', 'recovery']).describe('who asked: boots of a test count into its device seconds'),
  test: name.optional(),
  slot: z.enum(['A', 'B']).optional(),
  startedAt: z.iso
    .datetime({ precision: 3 })
    .optional()
    .describe('where its first line is on the clock of the console; without it the boot ended when it was told'),
  stages: z.array(bootStageSchema),
  totalSeconds: seconds,
  readySeconds: seconds.optional().describe('until engine and supervisor answered too, where somebody waited for them'),
});

export const consoleFaultSchema = z.strictObject({
  ...stamp,
  type: z.literal('console-fault'),
  device: name,
  kind: z.enum(['panic', 'oops', 'unexpected-reset', 'watchdog', 'brown-out']),
  line: z.string(),
  offset: z.int().nonnegative(),
  expected: z
    .boolean()
    .describe('a test had announced it, as the one that boots a corrupt kernel does; an unexpected fault decides the verdict'),
});

export const testStartedSchema = z.strictObject({
  ...stamp,
  type: z.literal('test-started'),
  ...testIdentity,
  ...attemptIdentity,
  device: name,
});

export const testStepSchema = z.strictObject({
  ...stamp,
  type: z.literal('test-step'),
  ...attemptIdentity,
  title: name,
  seconds,
  error: z.string().optional(),
});

export const measurementSchema = z.strictObject({
  ...stamp,
  type: z.literal('measurement'),
  ...attemptIdentity,
  name,
  value: z.number(),
  unit: z.string(),
  limits: limitsSchema,
  better: z.enum(['lower', 'higher']).optional(),
  outcome: z.enum(['pass', 'marginal', 'fail']),
});

export const testFinishedSchema = z
  .strictObject({
    ...stamp,
    type: z.literal('test-finished'),
    ...attemptIdentity,
    outcome: outcomeSchema,
    reason: z.string().min(1).optional().describe('one sentence; for a skip, the capability that the device lacks'),
    cause: causeSchema.optional(),
    error: testErrorSchema.optional(),
    seconds,
    deviceSeconds: seconds.describe('in which the device was awaited, for what the first test of a worker needed set up too'),
    console: z
      .strictObject({ device: name, from: z.int().nonnegative(), to: z.int().nonnegative() })
      .optional()
      .describe("byte offsets in the device's console log"),
    attachments: z.array(attachmentSchema),
  })
  .refine(
    (test) => !['fail', 'error', 'miss'].includes(test.outcome) || test.cause !== undefined,
    'a fail, error or miss is charged to a cause',
  )
  .refine((test) => test.outcome !== 'skip' || test.reason !== undefined, 'a skip states its reason');

export const harnessErrorSchema = z.strictObject({
  ...stamp,
  type: z.literal('harness-error'),
  message: name,
  cause: z.enum([...causeSchema.options, 'usage']).describe('usage: the command line or a configuration file asked for what cannot be'),
  device: name.optional(),
  advice: z.string(),
});

export const runInterruptedSchema = z.strictObject({ ...stamp, type: z.literal('run-interrupted'), signal: name });

export const timeSchema = z.strictObject({
  total_s: seconds,
  device_s: seconds.describe("in which the device was awaited: the busiest device's, where there are several"),
  harness_s: seconds.describe('what is left of the total'),
  image_s: seconds.describe('spent on building or unpacking the image'),
  boot_s: seconds.describe('spent on boots, those of tests included (a part of device_s)'),
});

export const runFinishedSchema = z.strictObject({
  ...stamp,
  type: z.literal('run-finished'),
  verdict: verdictSchema,
  exitCode: z.int().nonnegative(),
  reason: z.string(),
  time: timeSchema,
});

export const eventSchema = z.discriminatedUnion('type', [
  runStartedSchema,
  imageReadySchema,
  stepSchema,
  testsPlannedSchema,
  devicePowerSchema,
  deviceBootStageSchema,
  deviceBootSchema,
  consoleFaultSchema,
  testStartedSchema,
  testStepSchema,
  measurementSchema,
  testFinishedSchema,
  harnessErrorSchema,
  runInterruptedSchema,
  runFinishedSchema,
]);

export type Event = z.infer<typeof eventSchema>;
export type EventOf<Type extends Event['type']> = Extract<Event, { type: Type }>;
type Unstamped<E> = E extends Event ? Omit<E, keyof typeof stamp> : never;
/** An event as its producer gives it; the log stamps it. */
export type NewEvent = Unstamped<Event>;

export type Outcome = z.infer<typeof outcomeSchema>;
export type Cause = z.infer<typeof causeSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type ImageIdentity = z.infer<typeof imageSchema>;
export type CatalogPromise = z.infer<typeof promiseSchema>;
export type Evidence = z.infer<typeof evidenceSchema>;
export type TestError = z.infer<typeof testErrorSchema>;
export type Attachment = z.infer<typeof attachmentSchema>;
export type Limits = z.infer<typeof limitsSchema>;
export type BootStage = z.infer<typeof bootStageSchema>;
export type RunTime = z.infer<typeof timeSchema>;
