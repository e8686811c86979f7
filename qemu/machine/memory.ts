import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { budgets } from '../budgets.ts';
import { QemuError } from '../errors.ts';
import type { QmpClient } from '../qmp/client.ts';
import { migrate, migrateIncoming, migrationSettings, queryMigration } from '../qmp/commands.ts';
import { within } from '../within.ts';
import type { SavedMemory } from './machine.ts';

/** QEMU's own limit is 128 MiB a second, made for networks. */
const noLimit = 64 * 1024 ** 3;

/** What goes through the stream: memory that is in a file of its own needn't. */
export type Streamed = 'everything' | 'devices';

/** Writes the devices of a paused guest to a file, and its memory. */
export async function saveMemory(qmp: QmpClient, file: string, streamed: Streamed, signal: AbortSignal | undefined): Promise<void> {
  const milliseconds = budgets.memorySave;
  const unfinished = `${file}.unfinished`;
  const command = migrate(`exec:cat > ${shellWord(unfinished)} && exec mv ${shellWord(unfinished)} ${shellWord(file)}`);
  await rm(file, { force: true });
  await migration(qmp, { command, what: `saved to ${file}`, streamed, milliseconds, signal });
  // For QEMU it is complete once the pipe has taken its end; what reads the pipe has some way to go then.
  const given = new AbortController();
  const whole = within(appeared(file, given.signal), {
    awaited: `the end of what writes ${file}`,
    milliseconds,
    seen: () => `${unfinished}, still being written`,
    advice: 'Is there space on that file system?',
    signal,
  });
  await whole.finally(() => given.abort());
}

/** Milliseconds. */
const lookAgainEvery = 5;

async function appeared(file: string, givenUp: AbortSignal): Promise<void> {
  while (!existsSync(file) && !givenUp.aborted) await pause(lookAgainEvery);
}

/** Reads them back, into a machine that was started with `-incoming defer`. */
export function restoreMemory(qmp: QmpClient, memory: SavedMemory, signal: AbortSignal | undefined): Promise<void> {
  const file = 'stream' in memory ? memory.stream : memory.devices;
  return migration(qmp, {
    command: migrateIncoming(`exec:exec cat ${shellWord(file)}`),
    what: `restored from ${file}`,
    streamed: 'stream' in memory ? 'everything' : 'devices',
    milliseconds: budgets.memoryRestore,
    signal,
  });
}

interface Migration {
  command: ReturnType<typeof migrate>;
  what: string;
  streamed: Streamed;
  milliseconds: number;
  signal: AbortSignal | undefined;
}

async function migration(qmp: QmpClient, { command, what, streamed, milliseconds, signal }: Migration): Promise<void> {
  for (const setting of migrationSettings(noLimit, streamed)) await qmp.execute(setting);
  const ended = qmp.waitFor('MIGRATION', {
    timeout: milliseconds,
    where: ({ data }) => ['completed', 'failed', 'cancelled'].includes(data.status),
    ...(signal && { signal }),
  });
  // Whoever awaits it below sees its failure; until then the command may fail first.
  ended.catch(() => undefined);
  await qmp.execute(command);
  const { data } = await ended;
  if (data.status === 'completed') return;
  const { 'error-desc': reason } = await qmp.execute(queryMigration());
  throw new QemuError(`the machine's memory could not be ${what}: ${reason ?? data.status}`, {
    advice: 'Is there space on that file system, and was the file written by this QEMU for a machine with the same arguments?',
  });
}

/** QEMU gives the rest of an `exec:` address to a shell. */
function shellWord(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}
