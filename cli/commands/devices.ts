import { Command } from 'commander';
import { leaseHolder, readBenchConfig, whyQuarantined } from '../../workers/index.ts';
import { printTable } from '../table.ts';

export const devicesCommand = new Command('devices')
  .description("list this bench's devices and who holds them")
  .option('--json', 'one JSON object a line')
  .action(async (options: { json?: boolean }) => {
    const { devices } = await readBenchConfig(process.cwd());
    const rows = await Promise.all(
      devices.map(async ({ id, type }) => ({ id, type, holder: await leaseHolder(id), quarantine: await whyQuarantined(id) })),
    );
    if (options.json) {
      for (const row of rows) console.log(JSON.stringify(row));
      return;
    }
    printTable(
      ['device', 'type', 'state'],
      rows.map(({ id, type, holder, quarantine }) => [
        id,
        type,
        holder ? `${holder.purpose}, process ${holder.pid}, since ${holder.since}` : (quarantine ?? 'free'),
      ]),
    );
  });
