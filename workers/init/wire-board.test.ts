import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { SwitchDouble } from '../../devices/power/outlets/switch-double.ts';
import { readBenchConfig } from '../bench/config.ts';
import { UsageError } from '../errors.ts';
import type { Interview } from './interview.ts';
import { wireBoard } from './wire-board.ts';

const budgets = { answer: 2_000, off: 0, firstWord: 3_000, driver: 5_000, cardArrival: 2_000 };

/** A board that says its name when its power goes on, and answers Enter with its prompt. @param greeting undefined: a board that the switch doesn't feed */
async function bench(t: { teardown(step: () => Promise<void>): void }, greeting?: string) {
  const listeners = new Set<Socket>();
  const serial = createServer((socket) => {
    listeners.add(socket);
    socket.on('data', () => socket.write('balena login: '));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => listeners.delete(socket));
  }).listen(0, '127.0.0.1');
  await once(serial, 'listening');
  const plug = await SwitchDouble.start(({ url }, double) => {
    if (url.pathname === '/on' && greeting !== undefined) for (const listener of listeners) listener.write(greeting);
    if (url.pathname !== '/state') double.set(url.pathname === '/on');
    return { body: double.on ? 'on' : 'off' };
  });
  const directory = await mkdtemp(join(tmpdir(), 'init-'));
  t.teardown(async () => {
    await plug.close();
    for (const listener of listeners) listener.destroy();
    serial.close();
    await rm(directory, { recursive: true });
  });
  const { port } = serial.address() as AddressInfo;
  const at = (path: string) => `http://${plug.host}${path}`;
  return {
    directory,
    console: `tcp: 127.0.0.1:${port}`,
    power: `http: { on: '${at('/on')}', off: '${at('/off')}', state: { request: '${at('/state')}', on: 'on', off: 'off' } }`,
  };
}

/** Answers each question in turn: with a choice's label or a line. */
function answers(...given: string[]): Interview & { told: string[] } {
  const left = [...given];
  const told: string[] = [];
  const next = (question: string): string => {
    const answer = left.shift();
    if (answer === undefined) throw new UsageError(`nobody answers “${question}”`);
    return answer;
  };
  return {
    told,
    tell: (line) => void told.push(line),
    async ask(question, understand, { preset = '' } = {}) {
      for (;;) {
        try {
          return await understand(next(question) || preset);
        } catch (error) {
          if (error instanceof UsageError) throw error;
          told.push(String(error));
        }
      }
    },
    async choose(question, choices) {
      const wanted = next(question);
      const choice = choices.find(({ label }) => label === wanted);
      if (choice === undefined) throw new RangeError(`${question}: no ${wanted} among ${choices.map(({ label }) => label).join()}`);
      return choice.value;
    },
    consents: async (question) => next(question) === 'y',
  };
}

const byHand = 'none: the card is written by hand';
const wires = (console: string, power: string) => ['raspberrypi3-64', '', 'somewhere else', console, 'something else', power];

test('a board is asked for, its wires are tried, and the file says what was seen', async (t) => {
  const { directory, console, power } = await bench(t, 'U-Boot 2023.01\r\n');
  const interview = answers(...wires(console, power), 'y', byHand, '127.0.0.1', 'ssh: 1');
  await wireBoard(directory, interview, { signal: AbortSignal.timeout(30_000), budgets });
  t.true(interview.told.includes('it answered “balena login:”'));
  t.regex(interview.told.join('\n'), /the console said “U-Boot 2023\.01” \d\.\d s after power: that feeds the board/);
  const text = await readFile(join(directory, 'bench.yaml'), 'utf8');
  t.regex(text, /^# yaml-language-server: \$schema=.*schema\/bench\.json\n/);
  t.regex(text, /# by hand; answered “balena login:”\n {4}console: \{ tcp: 127\.0\.0\.1:\d+ \}/);
  t.regex(text, /# the switch at .*: the console spoke \d\.\d s after it was switched on\n {4}power: /);
  const [device] = (await readBenchConfig(directory)).devices;
  t.deepEqual(
    [device?.id, device?.type, device?.wiring?.address, device?.wiring?.ports],
    ['raspberrypi3-64-1', 'raspberrypi3-64', '127.0.0.1', { ssh: 1 }],
  );
  t.deepEqual(await readdir(directory), ['bench.yaml']);
});

test('a switch that the board doesn’t follow is told, and another one asked for', async (t) => {
  const { directory, console, power } = await bench(t);
  const refused = [...wires(console, power), 'y', 'n'];
  const interview = answers(...refused, 'something else', power, 'n', byHand, '127.0.0.1', 'ssh: 1');
  await wireBoard(directory, interview, { signal: AbortSignal.timeout(30_000), budgets });
  t.regex(interview.told.join('\n'), /the console said nothing within 3 s of power: another switch/);
  t.regex(await readFile(join(directory, 'bench.yaml'), 'utf8'), /# the switch at .*, not tried\n/);
});

test('what a person wrote in the file stays, and names are their own', async (t) => {
  const { directory, console, power } = await bench(t, 'U-Boot\r\n');
  const before = '# the lab in the cellar\ndevices:\n  qemu: { type: qemux86-64, count: 2 } # slow\n';
  await writeFile(join(directory, 'bench.yaml'), before);
  const [type, , ...rest] = wires(console, power);
  const interview = answers(type ?? '', 'qemu', 'pi', ...rest, 'n', byHand, '127.0.0.1', '');
  await wireBoard(directory, interview, { signal: AbortSignal.timeout(30_000), budgets });
  t.true(interview.told.includes('RangeError: there is a qemu already'));
  t.true((await readFile(join(directory, 'bench.yaml'), 'utf8')).startsWith(before));
  t.deepEqual(
    (await readBenchConfig(directory)).devices.map(({ id }) => id),
    ['qemu-1', 'qemu-2', 'pi'],
  );
});

test('a mistyped wire is asked for again, in the words of bench.yaml', async (t) => {
  const { directory, console, power } = await bench(t, 'U-Boot\r\n');
  const [type = '', name = '', elsewhere = '', ...rest] = wires(console, power);
  const interview = answers(
    type,
    name,
    elsewhere,
    'tcp: 127.0.0.1',
    ...rest.slice(0, 2),
    'shelley: { host: a }',
    ...rest.slice(2),
    'n',
    byHand,
    '127.0.0.1',
    '',
  );
  await wireBoard(directory, interview, { signal: AbortSignal.timeout(30_000), budgets });
  t.true(interview.told.includes('RangeError: tcp: host:port'), interview.told.join('\n'));
  t.regex(interview.told.join('\n'), /there is no switch “shelley”\. Did you mean “shelly”\?/);
});

test('nothing is written where nobody answers to the end', async (t) => {
  const { directory, console, power } = await bench(t, 'U-Boot\r\n');
  const interview = answers(...wires(console, power), 'n', byHand);
  await t.throwsAsync(wireBoard(directory, interview, { signal: AbortSignal.timeout(30_000), budgets }), { instanceOf: UsageError });
  t.deepEqual(await readdir(directory), []);
});

test('a file that isn’t a bench.yaml is left alone', async (t) => {
  const { directory } = await bench(t);
  await writeFile(join(directory, 'bench.yaml'), 'devices: [');
  await t.throwsAsync(wireBoard(directory, answers(), { signal: AbortSignal.timeout(30_000), budgets }), { instanceOf: UsageError });
  t.is(await readFile(join(directory, 'bench.yaml'), 'utf8'), 'devices: [');
});
