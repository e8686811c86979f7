import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { summarySchema } from '../../reports/index.ts';
import { listTests, selectSuites, stateDirectoryName } from '../../workers/index.ts';
import { printTable } from '../table.ts';

interface Row {
  promise: string;
  statement: string;
  tests: string[];
  /** As the last run found it; undefined where it wasn't asked for. */
  last: string | undefined;
}

export const promisesCommand = new Command('promises')
  .description('what the OS promises, which tests prove it, and how the last run found it')
  .argument('[suite...]', 'only these suites')
  .option('--json', 'one JSON object a line')
  .action(async (suites: string[], options: { json?: boolean }) => {
    const cwd = process.cwd();
    const selection = await selectSuites(suites, cwd);
    const tests = await listTests(selection);
    const last = await lastOutcomes(cwd);
    const rows = selection.promises.map(({ id, statement }): Row => ({
      promise: id,
      statement,
      tests: tests.filter(({ promises }) => promises.includes(id)).map(({ title }) => title),
      last: last.get(id),
    }));
    if (options.json) {
      for (const row of rows) console.log(JSON.stringify(row));
      return;
    }
    printTable(
      ['promise', 'last', 'tests', 'what holds'],
      rows.map(({ promise, last: outcome, tests: titles, statement }) => [promise, outcome ?? '–', String(titles.length), statement]),
    );
  });

async function lastOutcomes(cwd: string): Promise<Map<string, string>> {
  const file = join(cwd, stateDirectoryName, 'runs', 'latest', 'summary.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    throw error;
  }
  const summary = summarySchema.parse(JSON.parse(text));
  return new Map(summary.promises.map(({ id, outcome }) => [id, outcome]));
}
