import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { summarySchema, type Summary } from '../../reports/index.ts';

const main = new URL('../../cli/main.ts', import.meta.url).pathname;

/** What a command said and how it ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A working directory of its own, removed by `remove`. */
export async function workingDirectory(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'boardwalk-e2e-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Starts a command of the clone's boardwalk, or another program. */
export function start(
  cwd: string,
  args: readonly string[],
  program: readonly string[] = [process.execPath, main],
): { child: ChildProcess; ended: Promise<Ended> } {
  const [command = '', ...first] = program;
  const child = spawn(command, [...first, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => (said.stdout += String(text)));
  child.stderr.on('data', (text) => (said.stderr += String(text)));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...said }));
  return { child, ended };
}

/** Runs a command of the clone's boardwalk to its end. */
export const boardwalk = (cwd: string, ...args: string[]): Promise<Ended> => start(cwd, args).ended;

/** The summary of a working directory's last run. */
export async function lastSummary(cwd: string): Promise<Summary> {
  return summarySchema.parse(JSON.parse(await readFile(join(cwd, '.boardwalk/runs/latest/summary.json'), 'utf8')));
}

/** Command lines of the processes of this host that name a directory: whatever a run in it has started does. */
export async function processesNaming(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    // A process may end between the listing and the look.
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(directory)) found.push(`${pid} ${line.replaceAll('\0', ' ').slice(0, 200)}`);
  }
  return found;
}
