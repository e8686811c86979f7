import { readdir, realpath } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';
import type { z } from 'zod';
import {
  blockDeviceBytes,
  deviceTypes,
  muxes,
  outlets,
  serialAdapters,
  signOfLife,
  switched,
  usualPorts,
  wiringSchema,
  type Power,
  type Wiring,
} from '../../devices/index.ts';
import { BenchFile } from './bench-file.ts';
import type { Choice, Interview } from './interview.ts';
import { Listening } from './listening.ts';

/** Milliseconds: until a console that is pressed answers, until a board that gets power says its first word, until a switch or multiplexer has done its work. */
const usualBudgets = { answer: 3_000, off: 2_000, firstWord: 30_000, driver: 15_000, cardArrival: 20_000 };
const lookAgainEvery = 200;
const disksByPlace = '/dev/disk/by-path';
/** A card of the same name may be a little larger or smaller; another kind of disk is another size altogether. */
const cardTolerance = 0.05;

interface Talk {
  interview: Interview;
  budgets: typeof usualBudgets;
  signal: AbortSignal;
}

/** What was answered, and what was seen of it, for the file's remarks. */
interface Wired<T> {
  wire: T;
  seen: string;
}

const other = 'other';

/**
 * Finds what is plugged in, asks for what nobody can know, tries each wire with consent, and adds the board to the folder's bench.yaml. Nothing is written
 * before the last question was answered. Resolves with the board's name.
 */
export async function wireBoard(
  directory: string,
  interview: Interview,
  { signal, budgets = usualBudgets }: { signal: AbortSignal; budgets?: typeof usualBudgets },
): Promise<{ name: string; file: string }> {
  const talk = { interview, budgets, signal };
  const file = await BenchFile.open(directory);

  // 1. Which board.
  const types = [...(await deviceTypes()).values()].filter(({ wired }) => wired).map(({ name }) => ({ label: name, value: name }));
  const type = await interview.choose('Which board is it?', types);
  const name = await interview.ask('What shall it be called?', (answer) => demandNewName(answer, file.devices), {
    preset: freeName(type, file.devices),
  });

  // 2. Its wires.
  const consoleWire = await wireConsole(talk);
  await using listening = await Listening.open(consoleWire.wire);
  const { power, ...powerWire } = await wirePower(talk, listening);
  const medium = await wireMedium(talk, power);
  const { address, ports, seen } = await wireNetwork(talk);

  // 3. The file.
  const entry = {
    type,
    console: consoleWire.wire,
    power: powerWire.wire,
    ...(medium && { medium: medium.wire }),
    address,
    ...(ports && { ports }),
  };
  await file.add(name, entry, {
    console: consoleWire.seen,
    power: powerWire.seen,
    ...(medium && { medium: medium.seen }),
    address: seen,
  });
  interview.tell(`${file.path} has ${name}`);
  return { name, file: file.path };
}

async function wireConsole({ interview, budgets, signal }: Talk): Promise<Wired<Wiring['console']>> {
  for (;;) {
    const adapters = await serialAdapters();
    const choices: Choice<string>[] = adapters.map(({ tty, what }) => ({ label: `${tty}  ${what}`, value: tty }));
    if (adapters.length === 0) interview.tell('no serial adapter is plugged in');
    const chosen = await interview.choose('Where does its serial console end?', [...choices, { label: 'somewhere else', value: other }]);
    const wire =
      chosen === other
        ? await interview.ask('How is it reached? (tty: /dev/…, rfc2217: host:port, tcp: host:port, unix: /…)', (answer) =>
            understood(wiringSchema.shape.console, answer),
          )
        : { tty: chosen };
    const what = adapters.find(({ tty }) => tty === chosen)?.what ?? 'by hand';
    try {
      await using listening = await Listening.open(wire);
      await listening.press();
      await listening.hears(budgets.answer, signal);
      const line = listening.lastLine;
      const seen = line === undefined ? 'said nothing to Enter: a board that is off is silent' : `answered “${line}”`;
      interview.tell(
        `it ${seen}${listening.garbled === undefined ? '' : `; ${listening.garbled}: is the baud rate right, and ground connected?`}`,
      );
      return { wire, seen: `${what}; ${seen}` };
    } catch (error) {
      signal.throwIfAborted();
      interview.tell(words(error));
    }
  }
}

async function wirePower({ interview, budgets, signal }: Talk, listening: Listening): Promise<Wired<Wiring['power']> & { power: Power }> {
  for (;;) {
    const found = await outlets.find();
    const usable: Choice<Wiring['power'] | typeof other>[] = [];
    for (const { what, wire } of found) {
      if (typeof wire['unusable'] === 'string') interview.tell(`${what}: ${wire['unusable']}`);
      else usable.push({ label: what, value: wire });
    }
    const chosen = await interview.choose('What switches its power?', [...usable, { label: 'something else', value: other }]);
    const wire =
      chosen === other
        ? await interview.ask('Which switch? (as in bench.yaml, such as shelly: { host: 192.168.1.20, outlet: 0 })', async (answer) => {
            const typed = understood(wiringSchema.shape.power, answer);
            await outlets.open(typed);
            return typed;
          })
        : chosen;
    const outlet = await outlets.open(wire);
    const power = switched({ outlet, budget: budgets.driver });
    if (!(await interview.consents(`May ${outlet.name} be switched off and on now, to see whether the board goes with it?`))) {
      return { wire, power, seen: `${outlet.name}, not tried` };
    }
    try {
      await power.off();
      await pause(budgets.off, undefined, { signal });
      listening.forget();
      const since = performance.now();
      await power.on();
      const line = await listening.hears(budgets.firstWord, signal);
      if (line !== undefined) {
        const seconds = ((performance.now() - since) / 1000).toFixed(1);
        interview.tell(`the console said “${line}” ${seconds} s after power: that feeds the board`);
        return { wire, power, seen: `${outlet.name}: the console spoke ${seconds} s after it was switched on` };
      }
      interview.tell(
        `the console said nothing within ${budgets.firstWord / 1000} s of power: another switch, a board that doesn’t boot, or a console wire that is loose`,
      );
    } catch (error) {
      signal.throwIfAborted();
      interview.tell(words(error));
    }
    if (await interview.consents('Shall it be taken all the same?'))
      return { wire, power, seen: `${outlet.name}, and the board wasn’t seen to follow it` };
  }
}

async function wireMedium({ interview, budgets, signal }: Talk, power: Power): Promise<Wired<NonNullable<Wiring['medium']>> | undefined> {
  const none = 'none';
  for (;;) {
    const choices: Choice<Record<string, unknown> | typeof none | typeof other>[] = [
      { label: 'none: the card is written by hand', value: none },
    ];
    for (const { what, wire } of await muxes.find()) if (typeof wire['unusable'] !== 'string') choices.push({ label: what, value: wire });
    const chosen = await interview.choose('Which multiplexer has its card?', [...choices, { label: 'another', value: other }]);
    if (chosen === none) return undefined;
    const wire =
      chosen === other
        ? await interview.ask('Which one? (as in bench.yaml, such as sdwire: { serial: sdw-7 })', async (answer) => {
            const typed = understood(wiringSchema.shape.power, answer);
            await muxes.open(typed);
            return typed;
          })
        : chosen;
    const mux = await muxes.open(wire);
    if (
      !(await interview.consents(`May the board be switched off, and ${mux.name} give the card to this host, to see which disk it is?`))
    ) {
      const disk = await interview.ask(`Which disk is the card then? (${disksByPlace}/…)`, demandPath);
      return { wire: { mux: wire, disk }, seen: `${mux.name}, not tried` };
    }
    const within = () => AbortSignal.any([signal, AbortSignal.timeout(budgets.driver)]);
    try {
      await power.off();
      await mux.give('board', within());
      const before = await disks();
      await mux.give('bench', within());
      const disk = await newDisk(before, budgets.cardArrival, signal);
      const bytes = disk === undefined ? 0 : await blockDeviceBytes(disk);
      await mux.give('board', within());
      if (disk !== undefined) {
        interview.tell(`the card is ${disk}: ${bytes.toLocaleString('en-US')} bytes`);
        const minBytes = Math.floor(bytes * (1 - cardTolerance));
        const maxBytes = Math.ceil(bytes * (1 + cardTolerance));
        return { wire: { mux: wire, disk, minBytes, maxBytes }, seen: `${mux.name}: its card came as this disk` };
      }
      interview.tell(`no new disk came within ${budgets.cardArrival / 1000} s: is there a card in it?`);
    } catch (error) {
      signal.throwIfAborted();
      interview.tell(words(error));
    }
  }
}

async function wireNetwork({ interview }: Talk): Promise<{ address: string; ports: Wiring['ports']; seen: string }> {
  const address = await interview.ask('At which address is it on the network?', demandPath);
  const usual = Object.entries(usualPorts).map(([service, port]) => `${service}: ${port}`);
  const ports = await interview.ask(`Other ports than ${usual.join(', ')}? (such as ssh: 2222; none: Enter)`, (answer) =>
    answer === '' ? undefined : understood(wiringSchema.shape.ports, answer),
  );
  const sign = await signOfLife({ host: address, port: ports?.ssh ?? usualPorts.ssh });
  interview.tell(sign ?? 'it doesn’t answer there now: a board that is off, or still boots, doesn’t');
  return { address, ports, seen: sign ?? 'didn’t answer when this was written' };
}

/** What stands for a part of bench.yaml, typed on one line. */
function understood<T>(schema: z.ZodType<T>, answer: string): T {
  const parsed = schema.safeParse(parse(answer.startsWith('{') ? answer : `{ ${answer} }`));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RangeError([...(issue?.path ?? []).map(String), issue?.message].join(': '));
}

function demandPath(answer: string): string {
  if (answer === '' || /\s/.test(answer)) throw new RangeError('one word is expected');
  return answer;
}

function demandNewName(answer: string, taken: readonly string[]): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,47}$/i.test(answer)) throw new RangeError('letters, digits, “.”, “_” and “-”, 48 at most');
  if (taken.includes(answer)) throw new RangeError(`there is a ${answer} already`);
  return answer;
}

function freeName(type: string, taken: readonly string[]): string {
  for (let number = 1; ; number += 1) if (!taken.includes(`${type}-${number}`)) return `${type}-${number}`;
}

/** Whole disks by their place. */
async function disks(): Promise<Map<string, string>> {
  const names = (await readdir(disksByPlace).catch(() => [])).filter((name) => !/-part\d+$/.test(name)).toSorted();
  const found = new Map<string, string>();
  for (const name of names) {
    const device = await realpath(`${disksByPlace}/${name}`).catch(() => undefined);
    if (device !== undefined && ![...found.values()].includes(device)) found.set(`${disksByPlace}/${name}`, device);
  }
  return found;
}

/** Its name by place. A reader without a card is a disk without a size. */
async function newDisk(before: Map<string, string>, budget: number, signal: AbortSignal): Promise<string | undefined> {
  const deadline = performance.now() + budget;
  while (performance.now() < deadline) {
    for (const path of (await disks()).keys()) if (!before.has(path)) return path;
    await pause(lookAgainEvery, undefined, { signal });
  }
  return undefined;
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
