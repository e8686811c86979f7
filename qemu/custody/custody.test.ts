import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { z } from 'zod';

import { tinyGuestDisk } from '../machine/tiny-guest.ts';
import { ownIdentity, startTimeOf } from './process-identity.ts';
import { custodyRoot, fallbackRoot } from './root.ts';
import { takeCustody } from './take.ts';

const serial = test.serial;
const taken = z.object({ directory: z.string(), pids: z.array(z.number()).length(3) });

interface Scratch extends AsyncDisposable {
  directory: string;
}

async function makeScratch(): Promise<Scratch> {
  const directory = await mkdtemp(join(tmpdir(), 'custody-test-'));
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

interface Owner {
  process: ChildProcess;
  taken: z.infer<typeof taken>;
}

/** Starts the owner program and awaits what it has taken. */
async function startOwner(t: ExecutionContext, scratch: Scratch, end: string): Promise<Owner> {
  const disk = join(scratch.directory, 'tiny.img');
  await writeFile(disk, tinyGuestDisk());
  const program = join(import.meta.dirname, 'owner-program.ts');
  const process = spawn('node', [program, scratch.directory, disk, end], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.teardown(() => process.kill('SIGKILL'));
  for await (const line of createInterface(process.stdout)) return { process, taken: taken.parse(JSON.parse(line)) };
  throw new Error('the owner ended without a word');
}

/** What is left of an owner's things, asked until nothing is or five seconds have passed. */
async function leftAfterFiveSeconds(owner: Owner): Promise<string[]> {
  const deadline = Date.now() + 5000;
  for (;;) {
    const left = await whatIsLeft(owner);
    if (left.length === 0 || Date.now() > deadline) return left;
    await pause(50);
  }
}

async function whatIsLeft({ taken }: Owner): Promise<string[]> {
  const processes = taken.pids.filter((pid) => startTimeOf(pid) !== undefined).map((pid) => `process ${pid}`);
  return [...processes, ...(await listed(taken.directory))];
}

/** A directory and what is in it; nothing if there is none. */
async function listed(directory: string): Promise<string[]> {
  try {
    return [...(await readdir(directory, { recursive: true })), directory];
  } catch (error) {
    // A part of it can go while it is listed: the reaper is at work.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return (await isThere(directory)) ? [directory] : [];
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

for (const end of ['return', 'throw', 'exit']) {
  serial(`nothing is left of an owner that ends by ${end}`, async (t) => {
    await using scratch = await makeScratch();
    const owner = await startOwner(t, scratch, end);
    if (owner.process.exitCode === null) await once(owner.process, 'exit');
    t.deepEqual(await leftAfterFiveSeconds(owner), []);
  });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const) {
  serial(`nothing is left of an owner that ends by ${signal}`, async (t) => {
    await using scratch = await makeScratch();
    const owner = await startOwner(t, scratch, 'by signal');
    t.is((await whatIsLeft(owner)).filter((each) => each.startsWith('process ')).length, 3);
    owner.process.kill(signal);
    t.deepEqual(await leftAfterFiveSeconds(owner), []);
  });
}

serial('what an owner leaves whose reaper was killed too, the next one sweeps', async (t) => {
  await using scratch = await makeScratch();
  const owner = await startOwner(t, scratch, 'by signal');
  const reaper = await reaperOf(owner.taken.directory);
  process.kill(reaper, 'SIGKILL');
  const ended = once(owner.process, 'exit');
  owner.process.kill('SIGKILL');
  await ended;
  t.true(await isThere(owner.taken.directory));
  await using next = await takeCustody({ root: scratch.directory, name: 'next' });
  t.deepEqual(await leftAfterFiveSeconds(owner), []);
  t.true(await isThere(next.directory));
});

async function reaperOf(directory: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (commandLine.includes('boardwalk-reaper') && commandLine.includes(directory)) return Number(pid);
  }
  throw new Error(`no reaper watches ${directory}`);
}

test('a sweep leaves alone what lives, what is not a custody, and processes that only carry a recorded pid', async (t) => {
  await using scratch = await makeScratch();
  await using living = await takeCustody({ root: scratch.directory, name: 'living' });
  const root = join(scratch.directory, 'custody');
  const stranger = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  t.teardown(() => stranger.kill('SIGKILL'));
  await mkdir(join(root, 'no-custody'));
  await makeStale(join(root, 'recycled'), {}, { [String(stranger.pid)]: '1' });
  await makeStale(join(root, 'before-boot'), { bootId: 'another' }, { [String(stranger.pid)]: startTimeOf(stranger.pid ?? 0) ?? '' });
  await makeStale(join(root, 'elsewhere'), { pidNamespace: 'pid:[1]' }, {});
  await mkdir(join(root, '.unfinished-old'));
  await utimes(join(root, '.unfinished-old'), 0, 0);
  await mkdir(join(root, '.unfinished-new'));

  await using next = await takeCustody({ root: scratch.directory, name: 'next' });
  const left = (await readdir(root)).sort();
  t.deepEqual(left, ['.unfinished-new', 'elsewhere', basename(living.directory), basename(next.directory), 'no-custody'].sort());
  t.not(startTimeOf(stranger.pid ?? 0), undefined, 'the stranger lives');
});

/** A custody whose owner is gone: by default one with this process's pid and another start time. */
async function makeStale(
  directory: string,
  owner: Partial<ReturnType<typeof ownIdentity>>,
  processes: Record<string, string>,
): Promise<void> {
  await mkdir(join(directory, 'processes'), { recursive: true });
  await writeFile(join(directory, 'owner.json'), JSON.stringify({ ...ownIdentity(), startTime: '0', ...owner }));
  for (const [pid, startTime] of Object.entries(processes)) await writeFile(join(directory, 'processes', pid), startTime);
}

test('a guarded process is on the record from its first moment, keeps its arguments, and writes to its own file', async (t) => {
  await using scratch = await makeScratch();
  await using custody = await takeCustody({ root: scratch.directory, name: 'guard' });
  const output = join(scratch.directory, 'output, of it');
  const guarded = custody.guard('sh', ['-c', 'ls "$1/processes"; echo "$2" >&2; echo $$', 'sh', custody.directory, 'a  b*'], output);
  const child = spawn(guarded.command, guarded.args, { detached: true, stdio: 'ignore' });
  await once(child, 'exit');
  t.is(await readFile(output, 'utf8'), `${child.pid}\na  b*\n${child.pid}\n`);
  t.deepEqual(await readdir(join(custody.directory, 'processes')), [String(child.pid)]);
  custody.disown(child);
  t.deepEqual(await readdir(join(custody.directory, 'processes')), []);
});

test('release ends what is still recorded, removes the directory and can be called again', async (t) => {
  await using scratch = await makeScratch();
  const custody = await takeCustody({ root: scratch.directory, name: 'release' });
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  custody.adopt(child);
  const ended = once(child, 'exit');
  await custody.release();
  t.deepEqual(await ended, [null, 'SIGKILL']);
  t.false(await isThere(custody.directory));
  await custody.release();
});

test('release does the work of a reaper that was killed', async (t) => {
  await using scratch = await makeScratch();
  const custody = await takeCustody({ root: scratch.directory, name: 'release' });
  process.kill(await reaperOf(custody.directory), 'SIGKILL');
  await custody.release();
  t.false(await isThere(custody.directory));
});

test('a custody is private, and has room for the path of a socket', async (t) => {
  await using scratch = await makeScratch();
  await using custody = await takeCustody({ root: scratch.directory, name: 'private' });
  t.is((await stat(custody.directory)).mode & 0o777, 0o700);
  const deep = join(scratch.directory, 'x'.repeat(60), 'y'.repeat(60));
  t.is(custodyRoot(deep, 'deep'), fallbackRoot());
  await t.throwsAsync(takeCustody({ root: scratch.directory, name: '../outside' }), { instanceOf: TypeError });
});

test('an owner that has nothing more to do may end without releasing', async (t) => {
  await using scratch = await makeScratch();
  const source = `import { takeCustody } from ${JSON.stringify(join(import.meta.dirname, 'take.ts'))};
    console.log((await takeCustody({ root: ${JSON.stringify(scratch.directory)}, name: 'forgetful' })).directory);`;
  const { stdout } = await execa('node', ['--input-type=module', '--eval', source], { stdin: 'ignore' });
  t.deepEqual(await leftAfterFiveSeconds({ process: spawn('true'), taken: { directory: stdout, pids: [] } }), []);
});
