import { relative } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { EventLog, TerminalReporter, writeReports } from '../../reports/index.ts';
import { readBenchConfig, matchDevices } from '../../workers/index.ts';
import { devicesWorthwhile, freshUnits, newRunDirectory, run, selectSuites, UsageError, type FreshUnit } from '../../workers/index.ts';
import { interruptible } from '../interruptible.ts';
import { version } from '../version.ts';

interface RunOptions {
  device?: string;
  image?: string;
  update?: string;
  grep?: string;
  parallel?: number;
  fresh: FreshUnit;
  retries: number;
  seed: number;
  mirror?: string;
  json?: boolean;
}

export const runCommand = new Command('run')
  .description("run suites on an image: boardwalk's own by name (none: all six), or yours by path")
  .argument('[suite...]', 'environment dbus tmp time storage rollback, or a path')
  .option('-d, --device <id|type>', 'the device, or any free one of a type')
  .option('-i, --image <file>', 'flash image to test (default: the reference OS, built on the first call)')
  .option('--update <file>', "the image's file for hostapp-update, which the rollback suite installs")
  .option('-g, --grep <pattern>', 'only tests whose title matches this regular expression')
  .option('-p, --parallel <n>', 'devices to share the suites out over (default: as many as CPUs and memory are good for)', positive)
  .addOption(
    new Option('--fresh <unit>', 'what begins on a device as it was flashed: each suite, each test, or only the run')
      .choices(freshUnits)
      .default('suite'),
  )
  .option('--retries <n>', 'attempts after a failed one; the first attempt decides the verdict', positive, 0)
  .option('--seed <n>', 'seed of whatever a suite draws by lot', positive, Math.floor(Math.random() * 1e6))
  .option('--mirror <url>', 'Debian mirror for the reference image (default: the one that apt uses)')
  .addOption(new Option('--json', 'NDJSON events on standard output, nothing else'))
  .action(async (suites: string[], options: RunOptions) => {
    // 1. What was asked for, before anything is created: a misspelt name leaves nothing behind.
    const cwd = process.cwd();
    if (options.grep !== undefined) checkPattern(options.grep);
    const selection = await selectSuites(suites, cwd);
    const bench = await readBenchConfig(cwd);
    matchDevices(bench, options.device);

    // 2. The run's directory and its log.
    const { id, directory } = await newRunDirectory(cwd);
    using log = EventLog.create(`${directory}/events.ndjson`);
    if (options.json) log.subscribe((event) => process.stdout.write(`${JSON.stringify(event)}\n`));
    using terminal = options.json ? undefined : new TerminalReporter({ stream: process.stdout, runDirectory: relative(cwd, directory) });
    if (terminal) log.subscribe((event) => terminal.event(event));

    // 3. The run itself; the reports are derived from the log whatever became of it.
    const decision = await interruptible((signal) =>
      run(
        {
          id,
          directory,
          argv: process.argv.slice(2),
          version,
          bench,
          suites: selection,
          grep: options.grep,
          device: options.device,
          parallel: options.parallel ?? devicesWorthwhile(selection.files.length),
          fresh: options.fresh,
          image: options.image,
          update: options.update,
          mirror: options.mirror,
          retries: options.retries,
          seed: options.seed,
        },
        log,
        signal,
      ),
    );
    log.close();
    await writeReports(directory);
    process.exitCode = decision.exitCode;
  });

function positive(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number of at least 0.');
  return Number(text);
}

function checkPattern(pattern: string): void {
  try {
    RegExp(pattern);
  } catch (cause) {
    throw new UsageError(`--grep “${pattern}” is no regular expression: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
