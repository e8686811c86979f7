import { Command } from 'commander';
import { wireBoard } from '../../workers/index.ts';
import { interruptible } from '../interruptible.ts';
import { TerminalInterview } from '../terminal-interview.ts';

export const initCommand = new Command('init')
  .description(
    'add a board to this folder’s bench.yaml: finds what is plugged in, asks for the rest, and tries each wire with your consent',
  )
  .action(() =>
    interruptible(async (signal) => {
      using interview = new TerminalInterview(process.stdin, process.stdout, signal);
      const { name } = await wireBoard(process.cwd(), interview, { signal });
      interview.tell(
        `next:  boardwalk doctor  looks at each wire · boardwalk run --device ${name} --image <flash image>  tests an image on it`,
      );
    }),
  );
