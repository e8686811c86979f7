import { z } from 'zod';
import type { Driver } from '../../drivers/folder.ts';
import { runProgram } from '../../drivers/program.ts';
import type { Mux } from '../mux.ts';

const argv = z.array(z.string()).min(1, 'a program and its arguments');
const options = z.strictObject({
  bench: argv,
  board: argv,
  /** Prints `bench` or `board`. Absent: it can't be asked. */
  side: argv.optional(),
});

/** Any multiplexer that a program of the bench knows how to throw: sd-mux-ctrl, a vendor's tool, a script around a relay. No shell is between. */
const command: Driver<Mux, z.output<typeof options>> = {
  name: 'command',
  options,
  open({ bench, board, side }) {
    const name = `the card multiplexer of ${bench[0] ?? ''}`;
    return {
      name,
      async give(wanted, signal) {
        await runProgram(name, wanted === 'bench' ? bench : board, signal);
      },
      ...(side !== undefined && {
        async read(signal: AbortSignal) {
          const said = await runProgram(name, side, signal);
          return said === 'bench' || said === 'board' ? said : 'unknown';
        },
      }),
    };
  },
};
export default command;
