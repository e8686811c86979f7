import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { summarySchema } from '../../reports/index.ts';
import { listTests, selectSuites, stateDirectoryName } from '../../workers/index.ts';
import { printTable } from '../table.ts';

interface Row {
  promise: string;
  statement: string;
  tests: string[];
  /** What became of its mutants at the last `npm run mutants`: one that survived tells that no test would notice. */
  mutants: string[];
  /** As the last run found it; undefined where it wasn't asked for. */
  last: string | undefined;
}

/** What is read of `.boardwalk/mutants/latest/summary.json`. */
const mutantsSchema = z.object({ mutants: z.array(z.object({ promise: z.string(), verdict: z.string() })) });

export const promisesCommand = new Command('promises')
  .description('what the OS promises, which tests prove it, what became of their mutants, and how the last run found it')
  .argument('[suite...]', 'only these suites')
  .option('--json', 'one JSON object a line')
  .action(async (suites: string[], options: { json?: boolean }) => {
    const cwd = process.cwd();
    const selection = await selectSuites(suites, cwd);
    const tests = await listTests(selection);
    const summary = await readState(join(cwd, stateDirectoryName, 'runs', 'latest', 'summary.json'), summarySchema);
    const last = new Map(summary?.promises.map(({ id, outcome }) => [id, outcome]));
    const mutants = (await readState(join(cwd, stateDirectoryName, 'mutants', 'latest', 'summary.json'), mutantsSchema))?.mutants ?? [];
    const rows = selection.promises.map(({ id, statement }): Row => ({
      promise: id,
      statement,
      tests: tests.filter(({ promises }) => promises.includes(id)).map(({ title }) => title),
      mutants: mutants.filter(({ promise }) => promise === id).map(({ verdict }) => verdict),
      last: last.get(id),
    }));
    if (options.json) {
      for (const row of rows) console.log(JSON.stringify(row));
      return;
    }
    printTable(
      ['promise', 'last', 'tests', 'mutants', 'what holds'],
      rows.map((row) => [row.promise, row.last ?? '–', String(row.tests.length), row.mutants.join(' ') || '–', row.statement]),
    );
  });

/** Undefined where nothing was written yet. */
async function readState<State>(file: string, schema: z.ZodType<State>): Promise<State | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
