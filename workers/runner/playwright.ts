import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EventOf, NewEvent } from '../../reports/index.ts';
import type { Bench } from '../bench/bench.ts';
import { UsageError } from '../errors.ts';
import type { ReporterMessage } from './reporter.ts';
import type { SuiteSelection } from './suites.ts';

type PlannedTest = EventOf<'tests-planned'>['tests'][number];

export interface RunnerRequest {
  /** Whose devices to run on, and in whose custody Playwright is. */
  bench: Pick<Bench, 'custody' | 'socketPath' | 'token'> & { devices: readonly { parts: { id: string } }[] };
  /** Playwright's configuration file. */
  config: string;
  /** Suite files to run, absolute; empty: all that the configuration finds. */
  files: readonly string[];
  grep: string | undefined;
  retries: number;
  runDirectory: string;
  signal: AbortSignal;
  onMessage(message: ReporterMessage): void;
}

/** How long Playwright may take to stop its workers after SIGINT before it is killed. */
const stopBudgetMs = 10_000;

/**
 * Spawns Playwright Test for the bench's devices, one worker each, and passes on what its reporter tells. Resolves when it ended; a
 * failing test is an ordinary end. The runner's own end without a word is told as a harness-error with the end of its output.
 */
export async function runPlaywright(request: RunnerRequest): Promise<void> {
  const { bench, runDirectory } = request;
  const args = [
    ...playwrightTest(request.config),
    `--workers=${bench.devices.length}`,
    `--retries=${request.retries}`,
    `--output=${join(runDirectory, 'attachments')}`,
    ...(request.grep === undefined ? [] : [`--grep=${request.grep}`]),
    ...request.files.map(exactly),
  ];
  const output = join(runDirectory, 'runner.log');
  const guarded = bench.custody.guard(process.execPath, args, output);
  const child = spawn(guarded.command, guarded.args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {
      ...process.env,
      BOARDWALK_RUN: runDirectory,
      BOARDWALK_BENCH: bench.socketPath,
      BOARDWALK_TOKEN: bench.token,
      BOARDWALK_DEVICES: bench.devices.map(({ parts }) => parts.id).join(','),
      // Colours belong to a terminal, and these messages go into a log.
      FORCE_COLOR: '0',
    },
  });
  let told = 0;
  child.on('message', (message) => {
    told += 1;
    // The reporter is ours, and the event log checks each event against its schema before it writes it.
    request.onMessage(message as ReporterMessage);
  });
  const stop = () => {
    child.kill('SIGINT');
    setTimeout(() => child.kill('SIGKILL'), stopBudgetMs).unref();
  };
  request.signal.addEventListener('abort', stop, { once: true });
  const [code, killedBy] = await ended(child);
  request.signal.removeEventListener('abort', stop);
  if (child.pid !== undefined) bench.custody.disown(child.pid);
  if (request.signal.aborted || (told > 0 && (code === 0 || code === 1))) return;
  const tail = (await readFile(output, 'utf8')).trimEnd().split('\n').slice(-12).join('\n');
  const event: NewEvent = {
    type: 'harness-error',
    cause: told > 0 ? 'harness' : 'test',
    message: `the suite runner ended with ${killedBy ?? `code ${code}`}${tail && `: ${tail}`}`,
    advice: `look at ${output}`,
  };
  request.onMessage({ event });
}

/** Playwright's command line up to what is particular to a call, our reporter included. */
function playwrightTest(config: string): string[] {
  const cli = join(createRequire(import.meta.url).resolve('@playwright/test/package.json'), '..', 'cli.js');
  const reporter = fileURLToPath(new URL(`./reporter${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
  return [cli, 'test', `--config=${config}`, `--reporter=${reporter}`];
}

/** The tests that a run of these suites would run, from Playwright's own collection; nothing is run. */
export async function listTests({ config, files }: SuiteSelection): Promise<PlannedTest[]> {
  // Playwright writes down what ran last, even where nothing runs.
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'boardwalk-list-'));
  const child = spawn(process.execPath, [...playwrightTest(config), '--list', `--output=${scratch.path}`, ...files.map(exactly)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const planned: PlannedTest[] = [];
  const errors: string[] = [];
  child.stderr?.on('data', (text) => errors.push(String(text)));
  child.on('message', (message) => {
    const { event } = message as ReporterMessage;
    if (event.type === 'tests-planned') planned.push(...event.tests);
    if (event.type === 'harness-error') errors.push(event.message);
  });
  const [code] = await ended(child);
  if (code === 0) return planned;
  throw new UsageError(`the suites can't be read: ${errors.join('\n').trim() || `the suite runner ended with code ${code}`}`);
}

const exactly = (file: string): string => `^${RegExp.escape(file)}$`;

/** `close`, not `exit`: by then every message has been received. */
async function ended(child: ChildProcess): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve([code, signal]));
  });
}
