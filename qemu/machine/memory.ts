import { budgets } from '../budgets.ts';
import { QemuError } from '../errors.ts';
import type { QmpClient } from '../qmp/client.ts';
import { migrate, migrateIncoming, migrationSettings, queryMigration } from '../qmp/commands.ts';

/** QEMU's own limit is 128 MiB a second, made for networks. */
const noLimit = 64 * 1024 ** 3;

/** Writes the memory and devices of a paused guest to a file. */
export function saveMemory(qmp: QmpClient, file: string, signal: AbortSignal | undefined): Promise<void> {
  const milliseconds = budgets.memorySave;
  return migration(qmp, { command: migrate(`exec:exec cat > ${shellWord(file)}`), what: `saved to ${file}`, milliseconds, signal });
}

/** Reads them back, into a machine that was started with `-incoming defer`. */
export function restoreMemory(qmp: QmpClient, file: string, signal: AbortSignal | undefined): Promise<void> {
  const milliseconds = budgets.memoryRestore;
  return migration(qmp, {
    command: migrateIncoming(`exec:exec cat ${shellWord(file)}`),
    what: `restored from ${file}`,
    milliseconds,
    signal,
  });
}

interface Migration {
  command: ReturnType<typeof migrate>;
  what: string;
  milliseconds: number;
  signal: AbortSignal | undefined;
}

async function migration(qmp: QmpClient, { command, what, milliseconds, signal }: Migration): Promise<void> {
  for (const setting of migrationSettings(noLimit)) await qmp.execute(setting);
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
