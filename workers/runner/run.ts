import { availableParallelism } from 'node:os';
import { accountTime, decideVerdict, loadEvents, type Decision, type EventLog } from '../../reports/index.ts';
import { deviceType, type Platform } from '../../devices/index.ts';
import { claimDevices, openBench, typeOf, type BenchDevice, type LeasedDevice } from '../bench/bench.ts';
import type { BenchConfig } from '../bench/config.ts';
import type { FreshUnit } from '../bench/freshness.ts';
import { underQuarantine } from '../bench/quarantine.ts';
import { imageUnderTest } from '../image.ts';
import { causeOf } from './cause.ts';
import { type BootWatch, firstBoot } from './boot-watch.ts';
import { runPlaywright } from './playwright.ts';
import type { ReporterMessage } from './reporter.ts';
import type { SuiteSelection } from './suites.ts';

export interface RunRequest {
  id: string;
  directory: string;
  argv: readonly string[];
  version: string;
  bench: BenchConfig;
  suites: SuiteSelection;
  grep: string | undefined;
  device: string | undefined;
  /** How many devices to share the suites out over. */
  parallel: number;
  /** What begins on a fresh device. */
  fresh: FreshUnit;
  image: string | undefined;
  update: string | undefined;
  mirror: string | undefined;
  retries: number;
  seed: number;
}

/**
 * One run, from the command line to the verdict. Whatever happens is an event of the log; what this throws is a mistake in boardwalk.
 * When `signal` aborts (its reason is the signal's name), devices are powered off and everything taken is given back before it resolves.
 */
export async function run(request: RunRequest, log: EventLog, signal: AbortSignal): Promise<Decision> {
  await using taken = new AsyncDisposableStack();
  const prepared = await prepare(request, taken, signal);
  log.write({
    type: 'run-started',
    run: request.id,
    argv: [...request.argv],
    cwd: process.cwd(),
    boardwalk: request.version,
    host: {
      cpus: availableParallelism(),
      accelerator: prepared.platform?.accelerator ?? 'none',
      acceleratorReason: prepared.platform?.reason ?? 'no virtual machine can be started',
      node: process.versions.node,
    },
    suites: [...request.suites.names],
    ...(request.grep !== undefined && { grep: request.grep }),
    devices: prepared.leased.map(({ config: { id, type } }) => ({ id, type })),
    promises: [...request.suites.promises],
    seed: request.seed,
  });

  try {
    if (prepared.failure !== undefined) throw prepared.failure;
    await runOn(request, prepared.leased, log, signal);
  } catch (error) {
    if (!signal.aborted) log.write(causeOf(error));
  }
  if (signal.aborted) log.write({ type: 'run-interrupted', signal: String(signal.reason) });

  const { events } = await loadEvents(log.file);
  const decision = decideVerdict(events);
  log.write({ type: 'run-finished', ...decision, time: accountTime(events) });
  return decision;
}

interface Prepared {
  platform: Platform | undefined;
  leased: LeasedDevice[];
  /** Why the run can't go on; the log tells it after its first event. */
  failure: unknown;
}

/** What the log's first event tells: what runs underneath, and the devices. */
async function prepare(request: RunRequest, taken: AsyncDisposableStack, signal: AbortSignal): Promise<Prepared> {
  const prepared: Prepared = { platform: undefined, leased: [], failure: undefined };
  try {
    prepared.leased = await claimDevices({
      config: request.bench,
      device: request.device,
      count: request.parallel,
      purpose: `run ${request.id}`,
    });
    for (const { lease } of prepared.leased) taken.defer(() => lease.release());
    prepared.platform = await (await deviceType(typeOf(prepared.leased))).platform({ signal });
  } catch (error) {
    prepared.failure = error;
  }
  return prepared;
}

async function runOn(request: RunRequest, leased: readonly LeasedDevice[], log: EventLog, signal: AbortSignal): Promise<void> {
  // 1. The image.
  const image = await imageUnderTest({
    type: typeOf(leased),
    file: request.image,
    update: request.update,
    mirror: request.mirror,
    signal,
    onStep: (step) => log.write({ type: 'step', kind: 'image', ...step }),
  });
  log.write({ type: 'image-ready', image: image.identity });

  // 2. The devices.
  const watches = new Map<string, BootWatch>();
  await using bench = await openBench({
    leased,
    image: image.flash,
    imageSha256: image.identity.sha256,
    artifacts: image.artifacts,
    fresh: request.fresh,
    onFresh: (device, fresh) => watches.get(device.id)?.fresh(fresh, request.fresh === 'test' ? 'test' : 'suite'),
    runDirectory: request.directory,
    signal,
  });

  // 3. Power on. From here each console is recorded until the bench closes. Where nothing is kept yet, the first keeps what the others are restored from.
  const kept = Promise.withResolvers<void>();
  const powerOn = async (device: BenchDevice) => {
    const boot = () => firstBoot(device, log, kept.resolve);
    watches.set(device.parts.id, await underQuarantine(device.config, request.directory, boot));
  };
  const [first, ...others] = bench.devices.map((device) => () => powerOn(device));
  const booting = first?.();
  await Promise.race([booting, kept.promise]);
  await Promise.all([booting, ...others.map((begin) => begin())]);

  // 4. The suites. Boots that tests cause are told as each test ends.
  const tell = async ({ event, provoked = [] }: ReporterMessage): Promise<void> => {
    if (event.type === 'test-finished') await watches.get(event.console?.device ?? '')?.tell(event.test, provoked);
    log.write(event);
  };
  let told: Promise<void> = Promise.resolve();
  await runPlaywright({
    bench,
    config: request.suites.config,
    files: request.suites.files,
    grep: request.grep,
    retries: request.retries,
    runDirectory: request.directory,
    signal,
    // In order, and a test's boots before its end, so that a reader of the log sees them inside it.
    onMessage: (message) => {
      told = told.then(() => tell(message));
    },
  });
  await told;
}
