import { existsSync } from 'node:fs';
import { readdir, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { interruptible } from '../../cli/interruptible.ts';
import { printTable } from '../../cli/table.ts';
import { tellError } from '../../cli/tell-error.ts';
import { nearest } from '../../devices/index.ts';
import { replaceFile } from '../../qemu/accelerator/replace-file.ts';
import { stateDirectoryName, UsageError } from '../../workers/index.ts';
import { cellsOf, headings, markdownTable } from './report.ts';
import { rowSchema, type Row, type Section } from './row.ts';

/*
 * npm run bench [section…]: what boardwalk costs, beside its peers, in one run. Prints a table and writes `.boardwalk/bench/latest.json`.
 * `--record` makes it the baseline that later calls are compared with, and the README's table.
 */

const recordSchema = z.strictObject({
  machine: z.string().describe('CPUs and memory, and what virtual machines run on'),
  date: z.iso.datetime(),
  rows: z.array(rowSchema),
});
type BenchRecord = z.infer<typeof recordSchema>;

const baselineFile = new URL('baseline.json', import.meta.url).pathname;
const readmeFile = new URL('../../README.md', import.meta.url).pathname;
/** The README's table stands between these two lines. */
const tableMarks = { begin: '<!-- npm run bench -- --record -->', end: '<!-- /bench -->' };

const program = new Command('bench')
  .description('measures boardwalk beside its peers')
  .argument('[section...]', 'only these sections (none: all)')
  .option('--record', 'keep what is measured as the baseline of later calls, and as the README’s table')
  .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : 2))
  .action(async (names: string[], { record }: { record?: boolean }) => {
    const sections = await wantedSections(names);
    if (record && names.length > 0) throw new UsageError('--record wants every section: a baseline with holes compares with nothing');
    process.exitCode = await interruptible((signal) => bench(sections, record === true ? 'record' : 'compare', signal));
  });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = tellError(error);
}

async function bench(sections: readonly Section[], purpose: 'record' | 'compare', signal: AbortSignal): Promise<number> {
  const state = join(process.cwd(), stateDirectoryName, 'bench');
  await mkdir(state, { recursive: true });
  const baseline = purpose === 'compare' ? await readBaseline() : undefined;
  const rows: Row[] = [];

  // 1. One section after the other: each has the machine to itself.
  for (const section of sections) {
    console.log(`${section.name.padEnd(8)} ${section.about}`);
    const directory = await mkdtemp(join(state, `${section.name}-`));
    try {
      for await (const row of section.rows({ directory, signal })) {
        rows.push(rowSchema.parse(row));
        console.log(`         ${cellsOf(row).slice(0, 2).join(' ')}`);
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
    signal.throwIfAborted();
  }

  // 2. What was found, for people and for programs.
  const result: BenchRecord = { machine: await machine(), date: new Date().toISOString(), rows };
  const file = join(state, 'latest.json');
  await replaceFile(file, `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(`\n${result.machine}, ${result.date.slice(0, 10)}`);
  printTable(
    headings(baseline?.date),
    rows.map((row) =>
      cellsOf(
        row,
        baseline?.rows.find(({ id }) => id === row.id),
      ),
    ),
  );
  console.log(`\ndetails  ${relative(process.cwd(), file)}`);
  if (purpose === 'record') await record(result);

  // 3. A figure over its limit fails; one that is missing is no pass either.
  const over = rows.filter(({ ours, limit }) => limit !== undefined && (ours === undefined || ours > limit));
  for (const { id } of over) console.log(`over its limit: ${id}`);
  return over.length === 0 ? 0 : 1;
}

async function wantedSections(names: readonly string[]): Promise<Section[]> {
  const directory = new URL('sections/', import.meta.url);
  const files = (await readdir(directory)).filter((name) => name.endsWith('.ts')).sort();
  const known = files.map((name) => name.slice(0, -'.ts'.length));
  for (const name of names) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw new UsageError(`there is no section “${name}”${near === undefined ? '' : `. Did you mean “${near}”?`}`, {
      advice: `Sections: ${known.join(' ')}`,
    });
  }
  const wanted = names.length === 0 ? known : names;
  return Promise.all(wanted.map(async (name) => (await import(new URL(`${name}.ts`, directory).href)).default));
}

/** Undefined before anything was recorded. */
async function readBaseline(): Promise<BenchRecord | undefined> {
  if (!existsSync(baselineFile)) return undefined;
  return recordSchema.parse(JSON.parse(await readFile(baselineFile, 'utf8')));
}

async function record(result: BenchRecord): Promise<void> {
  await replaceFile(baselineFile, `${JSON.stringify(result, undefined, 2)}\n`);
  const readme = await readFile(readmeFile, 'utf8');
  const [before, rest = ''] = readme.split(tableMarks.begin);
  const after = rest.split(tableMarks.end)[1];
  if (after === undefined) throw new UsageError(`README.md has no lines “${tableMarks.begin}” and “${tableMarks.end}”`);
  const table = `${result.machine}, ${result.date.slice(0, 10)}:\n\n${markdownTable(result.rows)}`;
  await replaceFile(readmeFile, `${before}${tableMarks.begin}\n\n${table}\n\n${tableMarks.end}${after}`);
}

async function machine(): Promise<string> {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
  return `${availableParallelism()} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}
