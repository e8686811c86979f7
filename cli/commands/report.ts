import { access, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { nearest } from '../../devices/index.ts';
import { loadEvents, renderRun, writeReports } from '../../reports/index.ts';
import { stateDirectoryName, UsageError } from '../../workers/index.ts';

export const reportCommand = new Command('report')
  .description("rebuild a run's reports from its event log and tell the run again")
  .argument('[run]', 'its id', 'latest')
  .option('--json', 'its events as NDJSON')
  .action(async (run: string, options: { json?: boolean }) => {
    const directory = await runDirectory(process.cwd(), run);
    const { events, torn } = await loadEvents(join(directory, 'events.ndjson'));
    if (options.json) {
      for (const event of events) console.log(JSON.stringify(event));
      return;
    }
    await writeReports(directory);
    const page = {
      width: process.stdout.columns ?? 100,
      colour: process.stdout.isTTY && !process.env['NO_COLOR'],
      runDirectory: directory,
    };
    for (const line of renderRun(events, page)) console.log(line);
    if (torn) console.log(`the log ends inside line ${torn.line}: the run was killed while it wrote it`);
  });

async function runDirectory(cwd: string, run: string): Promise<string> {
  const runs = join(cwd, stateDirectoryName, 'runs');
  try {
    const directory = await realpath(join(runs, run));
    await access(join(directory, 'events.ndjson'));
    return directory;
  } catch (cause) {
    const known = await readdir(runs).catch(() => [] as string[]);
    const near = nearest(run, known);
    throw new UsageError(`there is no run “${run}” in ${runs}${near === undefined ? '' : `. Did you mean “${near}”?`}`, {
      advice: known.length === 0 ? 'Start one:  boardwalk run' : `Runs: ${known.sort().slice(-5).join(' ')}`,
      cause,
    });
  }
}
