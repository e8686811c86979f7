import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadEvents, type TornLine } from './event-log/read-events.ts';
import { renderReport } from './html/report.ts';
import { readConsoles } from './html/console-slice.ts';
import { renderJUnit } from './junit/junit.ts';
import { recordRun } from './run/run-record.ts';
import type { Summary } from './summary/summary.ts';
import { summarizeRun } from './summary/summarize.ts';

/**
 * Derives summary.json, junit.xml (Jenkins), junit-gitlab.xml and report.html from events.ndjson and the console logs of the same directory. Can be called again at any
 * time, also for a run that was killed or is still going; each file is replaced as a whole or not at all. Rejects with DamagedEventLogError where the log can't be trusted.
 */
export async function writeReports(runDirectory: string): Promise<{ summary: Summary; torn: TornLine | undefined }> {
  const { events, torn } = await loadEvents(join(runDirectory, 'events.ndjson'));
  const run = recordRun(events);
  const summary = summarizeRun(run);
  const consoles = await readConsoles(run, runDirectory);
  await replace(join(runDirectory, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  await replace(join(runDirectory, 'junit.xml'), renderJUnit(run, 'jenkins-xunit'));
  await replace(join(runDirectory, 'junit-gitlab.xml'), renderJUnit(run, 'gitlab'));
  await replace(join(runDirectory, 'report.html'), renderReport(run, consoles, torn));
  return { summary, torn };
}

async function replace(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(unfinished, text, { flush: true });
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
}
