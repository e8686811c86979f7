import { join, relative } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { interruptible } from '../../cli/interruptible.ts';
import { tellError } from '../../cli/tell-error.ts';
import { isPromiseId, promise, promises, suiteNames, type PromiseId } from '../../suites/promises.ts';
import { nearest } from '../../devices/index.ts';
import { type BenchConfig, imageUnderTest, UsageError } from '../../workers/index.ts';
import { batchesOf, isSuiteName } from './batches.ts';
import { mutantId, mutants } from './catalogue.ts';
import { runBatch } from './run-batch.ts';
import { countVerdicts, newMutantsDirectory, writeSummary, type MutantsSummary } from './summary.ts';
import type { Verdict } from './verdict.ts';

/*
 * npm run mutants [suite|promise…] [--parallel N]: breaks devices on purpose, one promise each, and shows that the test which claims the
 * promise notices. Exit code 0 only if every mutant asked for was killed.
 */

/** Virtual machines of its own: a mutant is made from the reference OS, and takes no device from a run that goes on beside it. */
const bench: BenchConfig = {
  source: undefined,
  devices: Array.from({ length: 16 }, (_, index) => ({ id: `mutant-${index + 1}`, type: 'qemux86-64' })),
};

const marks: Record<Verdict['verdict'], string> = { killed: '✓', survived: '✗', undecided: '?' };

const program = new Command('mutants')
  .description('breaks devices on purpose, one promise each, and shows that the test which claims it fails')
  .argument('[suite|promise...]', 'only the mutants of these suites and promises (none: all)')
  .option('-p, --parallel <n>', 'devices to share the mutants out over', positive, 1)
  .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : 2))
  .action(async (words: string[], { parallel }: { parallel: number }) => {
    const wanted = promisesOf(words);
    process.exitCode = await interruptible((signal) => runMutants(wanted, parallel, signal));
  });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = tellError(error);
}

async function runMutants(wanted: ReadonlySet<PromiseId>, parallel: number, signal: AbortSignal): Promise<number> {
  const cwd = process.cwd();
  const startedAt = performance.now();
  const image = await imageUnderTest({
    type: 'qemux86-64',
    file: undefined,
    update: undefined,
    mirror: undefined,
    signal,
    onStep: ({ name, state }) => state === 'started' && console.log(`image    ${name}`),
  });
  const { id, directory } = await newMutantsDirectory(cwd);
  const queue = batchesOf(mutants.filter((mutant) => wanted.has(mutant.promise)));
  const verdicts: Verdict[] = [];

  // Each line of work takes the next batch; what one finds is told as soon as it is known, and kept in case of a crash.
  const work = async (): Promise<void> => {
    for (let batch = queue.shift(); batch !== undefined && !signal.aborted; batch = queue.shift()) {
      const since = performance.now();
      console.log(`${batch.name}: ${batch.mutants.map(mutantId).join(' ')}; control ${batch.control}`);
      const found = await runBatch({ batch, directory: join(directory, batch.name), bench, image, parallel, signal });
      verdicts.push(...found);
      for (const verdict of found) console.log(lineOf(verdict));
      console.log(`${batch.name}: ${((performance.now() - since) / 1000).toFixed(0)} s`);
      await writeSummary(directory, summarize());
    }
  };
  const summarize = (): MutantsSummary => ({
    run: id,
    image: { name: image.identity.name, version: image.identity.version, sha256: image.identity.sha256 },
    mutants: verdicts,
    counts: countVerdicts(verdicts),
    seconds: Math.round((performance.now() - startedAt) / 1000),
  });
  await Promise.all(Array.from({ length: parallel }, work));

  // Never begun: the call was broken off.
  for (const batch of queue) {
    for (const { promise: broken, how, ...mutant } of batch.mutants) {
      const about = { mutant: mutantId({ promise: broken, how, ...mutant }), promise: broken, how, batch: batch.name };
      verdicts.push({ ...about, verdict: 'undecided', reason: 'the call was interrupted before' });
    }
  }
  await writeSummary(directory, summarize());
  const { killed, survived, undecided } = countVerdicts(verdicts);
  const others = undecided === 0 ? '' : `, ${undecided} undecided`;
  console.log(`details  ${relative(cwd, join(directory, 'summary.json'))}`);
  console.log(`${verdicts.length} mutants: ${killed} killed, ${survived} survived${others}`);
  if (signal.aborted) return 130;
  return killed === verdicts.length && killed > 0 ? 0 : 1;
}

function lineOf({ verdict, mutant, test, reason }: Verdict): string {
  if (verdict === 'killed') return `${marks.killed} ${mutant}: killed by “${test}”`;
  if (verdict === 'survived') return `${marks.survived} ${mutant}: survived “${test}”`;
  return `${marks.undecided} ${mutant}: undecided: ${test === undefined ? '' : `“${test}”: `}${reason}`;
}

/** The promises that words name, by suite or by id; none: all. */
function promisesOf(words: readonly string[]): Set<PromiseId> {
  if (words.length === 0) return new Set(promises.map((each) => each.id));
  return new Set(
    words.flatMap((word) => {
      if (isSuiteName(word)) return promises.filter(({ suite }) => suite === word).map((each) => each.id);
      if (isPromiseId(word)) return [promise(word).id];
      const near = nearest(word, [...suiteNames, ...promises.map((each) => each.id)]);
      throw new UsageError(`there is no suite or promise “${word}”.${near === undefined ? '' : ` Did you mean “${near}”?`}`);
    }),
  );
}

function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('expected a whole number of at least 1.');
  return Number(text);
}
