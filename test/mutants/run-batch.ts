import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed, createDevice, DeviceError, type ProvisionedDevice } from '../../devices/index.ts';
import { selectAccelerator } from '../../qemu/index.ts';
import { EventLog, loadEvents } from '../../reports/index.ts';
import { claimDevices, openBench, selectSuites, type BenchConfig, type ImageUnderTest } from '../../workers/index.ts';
import { firstBoot } from '../../workers/runner/boot-watch.ts';
import { causeOf } from '../../workers/runner/cause.ts';
import { runPlaywright } from '../../workers/runner/playwright.ts';
import type { ReporterMessage } from '../../workers/runner/reporter.ts';
import type { Batch } from './batches.ts';
import { mutantId } from './catalogue.ts';
import { MutantUnfit } from './errors.ts';
import { type Mutant, restartSupervisor } from './mutant.ts';
import { editedCopy } from './offline-image.ts';
import { judge, type Verdict } from './verdict.ts';

export interface BatchRequest {
  batch: Batch;
  /** Where its event log, consoles and runner's output go; made here. */
  directory: string;
  bench: BenchConfig;
  image: ImageUnderTest;
  /** How many batches run beside each other, this one included. */
  parallel: number;
  signal: AbortSignal;
}

/** A change, with the supervisor's restart under software emulation. */
const applyBudget = 120_000;
/** From the supervisor's restart to its first answer. Seen: 5–12 s. */
const supervisorBudget = 120_000;

/**
 * One batch on a device of its own: a copy of the image with the offline edits, a boot, the changes of the others, and the tests that
 * claim the promises. Whatever goes wrong is in the event log and in the verdicts; when it resolves, everything taken is given back.
 */
export async function runBatch(request: BatchRequest): Promise<Verdict[]> {
  const { batch, directory, signal } = request;
  await mkdir(directory, { recursive: true });
  using log = EventLog.create(join(directory, 'events.ndjson'));
  const unfit = new Map<string, string>();
  try {
    await onDevice(request, log, unfit);
  } catch (error) {
    if (error instanceof MutantUnfit) for (const mutant of batch.mutants) unfit.set(mutantId(mutant), error.message);
    if (!signal.aborted) log.write(causeOf(error));
  }
  if (signal.aborted) log.write({ type: 'run-interrupted', signal: String(signal.reason) });
  const { events } = await loadEvents(log.file);
  return judge(batch, events, unfit);
}

async function onDevice(
  { batch, directory, bench: config, image, parallel, signal }: BatchRequest,
  log: EventLog,
  unfit: Map<string, string>,
): Promise<void> {
  await using taken = new AsyncDisposableStack();

  // 1. A device that nobody else uses, as the log's first event tells.
  const leased = await claimDevices({ config, device: undefined, count: 1, purpose: `mutants ${batch.name}` });
  for (const { lease } of leased) taken.defer(() => lease.release());
  const suites = await selectSuites([batch.suite], process.cwd());
  const grep = grepFor([...batch.mutants.map(({ promise }) => promise), batch.control]);
  await writeStart(log, { batch, directory, suites, grep, leased, signal });

  // 2. Its flash image: a copy where something is broken from the first boot on.
  const edits = batch.mutants.flatMap(({ offline = [] }) => offline).filter(isFirst);
  let flash = image.flash;
  if (edits.length > 0) {
    flash = join(directory, 'flash.img');
    taken.defer(() => rm(flash, { force: true }));
    await editedCopy(image.flash, edits, flash, signal);
  }
  log.write({ type: 'image-ready', image: image.identity });
  const bench = taken.use(
    await openBench({
      leased,
      image: flash,
      // What was edited boots; the image itself needn't.
      ...(edits.length === 0 && { imageSha256: image.identity.sha256 }),
      artifacts: image.artifacts,
      fresh: 'run',
      sharing: parallel,
      runDirectory: directory,
      signal,
    }),
  );

  // 3. The boot, and what is broken on a running device.
  const [device] = bench.devices;
  if (device === undefined) throw new RangeError('unreachable: a bench of one leased device has one');
  const watch = await firstBoot(device, log);
  await applyAll(device.parts, batch.mutants, unfit, signal);

  // 4. The tests that claim the promises, and the control.
  let told: Promise<void> = Promise.resolve();
  const tell = async (before: Promise<void>, { event, provoked = [] }: ReporterMessage) => {
    await before;
    if (event.type === 'test-finished') await watch.tell(event.test, provoked);
    log.write(event);
  };
  await runPlaywright({
    bench,
    config: suites.config,
    files: suites.files,
    grep,
    retries: 0,
    runDirectory: directory,
    signal,
    onMessage: (message) => {
      told = tell(told, message);
    },
  });
  await told;
}

/** The same edit, by two mutants that break two promises with it, is made once. */
const isFirst = <T>(each: T, index: number, all: readonly T[]): boolean => all.findIndex((other) => sameText(other, each)) === index;
const sameText = (one: unknown, other: unknown): boolean => describe(one) === describe(other);
const describe = (value: unknown): string => JSON.stringify(value, (_, each: unknown) => (each instanceof RegExp ? String(each) : each));

interface Start {
  batch: Batch;
  directory: string;
  suites: Awaited<ReturnType<typeof selectSuites>>;
  grep: string;
  leased: Awaited<ReturnType<typeof claimDevices>>;
  signal: AbortSignal;
}

async function writeStart(log: EventLog, { batch, suites, grep, leased, signal }: Start): Promise<void> {
  const { accelerator, reason } = await selectAccelerator({ signal });
  log.write({
    type: 'run-started',
    run: batch.name,
    argv: batch.mutants.map(mutantId),
    cwd: process.cwd(),
    boardwalk: 'mutants',
    host: { cpus: 1, accelerator, acceleratorReason: reason, node: process.versions.node },
    suites: [...suites.names],
    grep,
    devices: leased.map(({ config: { id, type } }) => ({ id, type })),
    promises: [...suites.promises],
    seed: 0,
  });
}

/** Tags have the promise's id whole: `tmp.data` isn't `tmp.data-is-private`. */
function grepFor(promises: readonly string[]): string {
  return `@(${promises.map((id) => RegExp.escape(id)).join('|')})(?![\\w-])`;
}

/** Makes the changes one after the other. One that fails is told in `unfit` and may leave traces: its batch's control tells whether it did. */
async function applyAll(
  parts: ProvisionedDevice,
  mutants: readonly Mutant[],
  unfit: Map<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const device = createDevice(parts);
  try {
    const run = (command: string) => failureOf(() => device.host.check(command, { timeout: applyBudget, signal }));
    const done = new Map<string, string | undefined>();
    for (const mutant of mutants) {
      const { apply } = mutant;
      if (apply === undefined) continue;
      if (!done.has(apply)) done.set(apply, await run(apply.replaceAll(restartSupervisor, '')));
      const failure = done.get(apply);
      if (failure !== undefined) unfit.set(mutantId(mutant), `its change failed: ${failure}`);
    }
    if (mutants.some(({ apply }) => apply?.includes(restartSupervisor))) {
      await device.host.check(`true${restartSupervisor}`, { timeout: applyBudget, signal });
    }
    await device.supervisor.ready({ timeout: supervisorBudget, signal });
  } finally {
    await device.close();
  }
}

async function failureOf(step: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await step();
    return undefined;
  } catch (error) {
    // The command itself is in the catalogue.
    if (error instanceof CommandFailed) return `exit code ${error.result.exitCode}, ${error.result.stderr.trim().split('\n').at(-1) ?? ''}`;
    if (error instanceof DeviceError) return error.message;
    throw error;
  }
}
