import { Command } from 'commander';
import { inspectBench, type Finding } from '../../workers/index.ts';
import { interruptible } from '../interruptible.ts';

const marks: Record<Finding['level'], string> = { ok: '✓', warning: '!', fault: '✗' };

export const doctorCommand = new Command('doctor')
  .description('look at each thing that a run needs, and say how to mend what is missing')
  .option('--json', 'one JSON object a line')
  .action(async (options: { json?: boolean }) => {
    const findings = await interruptible((signal) => inspectBench(process.cwd(), signal));
    const faults = findings.filter(({ level }) => level === 'fault').length;
    process.exitCode = faults === 0 ? 0 : 1;
    for (const finding of findings) {
      if (options.json) {
        console.log(JSON.stringify(finding));
        continue;
      }
      console.log(`  ${marks[finding.level]} ${finding.what.padEnd(16)} ${finding.found}`);
      if (finding.mend !== undefined) console.log(`    → ${finding.mend}`);
    }
    if (!options.json) console.log(faults === 0 ? 'ready' : `${faults} thing${faults === 1 ? '' : 's'} to mend`);
  });
