import { execa } from 'execa';
import { z } from 'zod';
import { startSilentTerminals } from '../silent-terminals.ts';
import type { Section } from '../row.ts';

/** Consoles that are recorded, and all of them silent. */
const counts = [1, 10, 50];
/** Of 50 consoles: per cent of a core, and MB. */
const cpuLimit = 2;
const rssLimit = 150;
const program = new URL('../idle-bench.ts', import.meta.url).pathname;
const budget = 60_000;

/** What idle-bench.ts prints. */
const usageSchema = z.strictObject({ seconds: z.number(), cpuSeconds: z.number(), rssBytes: z.number() });

const section: Section = {
  name: 'idle',
  about: 'a process that records silent consoles',
  async *rows({ directory, signal }) {
    for (const count of counts) {
      await using terminals = await startSilentTerminals(count, signal);
      const { stdout } = await execa(process.execPath, [program, directory, ...terminals.paths], {
        cancelSignal: signal,
        forceKillAfterDelay: 1000,
        timeout: budget,
      });
      const { seconds, cpuSeconds, rssBytes } = usageSchema.parse(JSON.parse(stdout));
      const limits = count === Math.max(...counts);
      yield { id: `bench.${count}consoles.cpu`, unit: '%', ours: (cpuSeconds / seconds) * 100, ...(limits && { limit: cpuLimit }) };
      yield { id: `bench.${count}consoles.rss`, unit: 'MB', ours: rssBytes / 1e6, ...(limits && { limit: rssLimit }) };
    }
  },
};
export default section;
