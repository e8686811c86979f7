import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { ConsoleRecorder } from '../../../devices/console/recorder.ts';
import { tty } from '../../../devices/console/tty.ts';
import { AwaitedTooLong } from '../../../devices/errors.ts';
import { ConsoleShell } from '../../../devices/shell/console-shell.ts';
import { Programs, type Missing } from '../programs.ts';
import { beside, percentile, type Row, type Section } from '../row.ts';

/** Bytes a second of a line with 8N1: a tenth of its baud rate. */
const slow = 11_520;
const fast = 92_160;

const laps = 50;

/** A shell as on a development image, with the prompt that the peer is told of. */
const board = ['env', 'PS1=board# ', 'TERM=dumb', 'HISTFILE=', 'bash', '--noprofile', '--norc', '-i'];

/** Bytes that nobody can shrink much: printable, each line as long as base64's. */
const text = (bytes: number) => `base64 </dev/urandom | head -c ${bytes - 1}; echo`;

/** A kernel's log, with numbers that change from line to line. */
const log = (bytes: number) =>
  `awk 'BEGIN { srand(7); for (i = 0; ; i += rand()) printf "[%12.6f] usb %d-1.%d: new high-speed USB device number %d using xhci_hcd\\n", i, 1 + i % 4, rand() * 6, rand() * 127 }' | head -c ${bytes - 1}; echo`;

const peerAnswer = z.object({
  milliseconds: z.array(z.number()).min(1),
  outputs: z.array(z.object({ seconds: z.number(), cpu_s: z.number(), characters: z.number() })),
});
type PeerAnswer = z.infer<typeof peerAnswer>;

const peerNote = 'peer: labgrid’s SerialDriver and ShellDriver';

/** What a command took: wall and CPU seconds of this process. */
interface Taken {
  seconds: number;
  cpu_s: number;
}

async function* rows(context: Parameters<Section['rows']>[0]): AsyncGenerator<Row> {
  await using programs = await Programs.open(context);

  const atFast = await shellAt(programs, fast, async (shell) => ({
    laps: await lapsOf(shell),
    warm: await taken(shell, text(100_000), 100_000),
    text: await taken(shell, text(300_000), 300_000),
    log: await taken(shell, log(300_000), 300_000),
    million: await taken(shell, text(1_000_000), 1_000_000),
  }));
  const peerAtFast = await peerAt(programs, fast, [text(300_000), log(300_000)]);
  const [peerText, peerLog] = outputsOf(peerAtFast);
  yield figure({ id: 'console.p50', unit: 'ms', note: "run('true') at 921600 baud" }, atFast && percentile(atFast.laps, 0.5), {
    peer: lap(peerAtFast, 0.5),
    times: 0.25,
  });
  yield figure({ id: 'console.p95', unit: 'ms' }, atFast && percentile(atFast.laps, 0.95), { peer: lap(peerAtFast, 0.95) });
  yield figure({ id: 'console.300k@92160', unit: 's', limit: (1.05 * 300_000) / fast, note: 'random base64' }, atFast?.text, {
    peer: seconds(peerText),
  });
  yield figure({ id: 'console.cpu@92160', unit: 's', note: 'CPU of console.300k@92160' }, atFast?.text.cpu_s, {
    peer: typeof peerText === 'object' && 'cpu_s' in peerText ? peerText.cpu_s : peerText,
    times: 0.1,
  });
  yield figure({ id: 'console.log300k@92160', unit: 's', limit: (1.05 * 300_000) / fast, note: 'a kernel’s log' }, atFast?.log, {
    peer: seconds(peerLog),
  });
  yield figure({ id: 'console.1M@92160', unit: 's', limit: (1.1 * 1_000_000) / fast, note: 'random base64' }, atFast?.million);

  const atSlow = await shellAt(programs, slow, async (shell) => ({
    laps: await lapsOf(shell),
    text: await taken(shell, text(30_000), 30_000),
  }));
  const peerAtSlow = await peerAt(programs, slow, [text(30_000)]);
  yield figure({ id: 'console.p50@11520', unit: 'ms', note: "run('true') at 115200 baud" }, atSlow && percentile(atSlow.laps, 0.5), {
    peer: lap(peerAtSlow, 0.5),
  });
  yield figure({ id: 'console.30k@11520', unit: 's', limit: (1.05 * 30_000) / slow, note: 'random base64' }, atSlow?.text, {
    peer: seconds(outputsOf(peerAtSlow)[0]),
  });

  const unpaced = await shellAt(programs, 0, async (shell) => taken(shell, text(1_000_000), 1_000_000));
  yield figure({ id: 'console.1M.unpaced', unit: 's', note: 'random base64 over a terminal that isn’t paced' }, unpaced);
  yield* stream(programs);
}

/** How long our shell took for something over a line of so many bytes a second; undefined without a python3. */
async function shellAt<T>(
  programs: Programs,
  bytesPerSecond: number,
  measure: (shell: ConsoleShell) => Promise<T>,
): Promise<T | undefined> {
  return recording(programs, bytesPerSecond, board, async (console) => {
    const shell = new ConsoleShell({ console });
    try {
      // Logged in, and the code warm: who tests runs many.
      for (let lap = 0; lap < 5; lap += 1) await shell.run('true');
      return await measure(shell);
    } finally {
      await shell.close();
    }
  });
}

async function recording<T>(
  programs: Programs,
  bytesPerSecond: number,
  program: readonly string[],
  measure: (console: ConsoleRecorder) => Promise<T>,
): Promise<T | undefined> {
  const link = await programs.uart(bytesPerSecond, program);
  if (link === undefined) return undefined;
  const directory = join(programs.directory, `console-${bytesPerSecond}-${program.length}`);
  await mkdir(directory);
  const console = await ConsoleRecorder.open({ device: 'bench', directory });
  try {
    await console.attach(tty(link, { baudRate: baudOf(bytesPerSecond) }));
    return await measure(console);
  } finally {
    await console.close();
  }
}

/** A terminal takes any; 115200 where the line isn't paced. */
const baudOf = (bytesPerSecond: number) => bytesPerSecond * 10 || 115_200;

async function lapsOf(shell: ConsoleShell): Promise<number[]> {
  const milliseconds: number[] = [];
  for (let lap = 0; lap < laps; lap += 1) milliseconds.push((await shell.run('true')).milliseconds);
  return milliseconds;
}

async function taken(shell: ConsoleShell, command: string, bytes: number): Promise<Taken> {
  const cpu = process.cpuUsage();
  const { milliseconds, stdout } = await shell.run(command, { timeout: 60_000 });
  const { user, system } = process.cpuUsage(cpu);
  if (stdout.length !== bytes) throw new RangeError(`“${command}” gave ${stdout.length} characters, not ${bytes}`);
  return { seconds: milliseconds / 1000, cpu_s: (user + system) / 1e6 };
}

async function peerAt(programs: Programs, bytesPerSecond: number, commands: readonly string[]): Promise<PeerAnswer | Missing> {
  const link = await programs.uart(bytesPerSecond, board);
  if (link === undefined) return { missing: 'python3 is not installed: apt-get install python3 labgrid' };
  return programs.peer('labgrid-console.py', [link, String(baudOf(bytesPerSecond)), String(laps), ...commands], peerAnswer);
}

function lap(peer: PeerAnswer | Missing, share: number): number | Missing {
  return 'missing' in peer ? peer : percentile(peer.milliseconds, share);
}

function outputsOf(peer: PeerAnswer | Missing): (PeerAnswer['outputs'][number] | Missing | undefined)[] {
  return 'missing' in peer ? [peer, peer] : peer.outputs;
}

function seconds(output: Taken | Missing | undefined): number | Missing | undefined {
  return output === undefined || 'missing' in output ? output : output.seconds;
}

/** A row of our figure, of a peer's where there is one, and of why there is none. */
function figure(
  { note, ...row }: Row,
  measured: Taken | number | undefined,
  { peer, times }: { peer?: number | Missing | undefined; times?: number } = {},
): Row {
  const notes = note === undefined ? [] : [note];
  if (measured === undefined) return { ...row, note: [...notes, 'python3 is not installed: apt-get install python3'].join('; ') };
  const ours = typeof measured === 'number' ? { ours: measured } : { ours: measured.seconds, cpu_s: measured.cpu_s };
  if (typeof peer === 'number') {
    return beside({ ...row, ...ours, peer, note: [...notes, peerNote].join('; '), ...(times !== undefined && { times }) });
  }
  if (peer !== undefined) notes.push(peer.missing);
  return { ...row, ...ours, ...(notes.length > 0 && { note: notes.join('; ') }) };
}

/** Milliseconds of a console at full rate that are measured, after as many for the code to get warm. */
const streamed = 4_000;

/** What it costs to record a console that never pauses, with the watchers, and one who expects what never comes. */
async function* stream(programs: Programs): AsyncGenerator<Row> {
  const row = { id: 'console.stream@92160', unit: '%', limit: 5 } as const;
  const lines = ['yes', '[   41.220931] usb 1-1: new high-speed USB device number 2 using xhci_hcd'];
  const measured = await recording(programs, fast, lines, async (console) => {
    const expected = console.expect(/login: $/, { from: 0, timeout: 2 * streamed + 1000 }).catch((error: unknown) => error);
    await pause(streamed);
    const from = await console.mark();
    const startedAt = performance.now();
    const cpu = process.cpuUsage();
    await pause(streamed);
    const { user, system } = process.cpuUsage(cpu);
    const elapsed = performance.now() - startedAt;
    const rate = (((await console.mark()) - from) / elapsed) * 1000;
    const outcome = await expected;
    if (!(outcome instanceof AwaitedTooLong)) throw outcome;
    return { percent: (user + system) / 10 / elapsed, rate };
  });
  if (measured === undefined) {
    yield figure(row, undefined);
    return;
  }
  const note = `of a core, with recording, watchers and one expect; ${Math.round(measured.rate)} B/s came`;
  yield { ...row, ours: measured.percent, note };
}

const section: Section = {
  name: 'console',
  about: 'a shell over a serial line, beside labgrid’s',
  rows,
};
export default section;
