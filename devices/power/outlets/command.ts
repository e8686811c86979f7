import { z } from 'zod';
import { runProgram } from '../../drivers/program.ts';
import type { Driver } from '../../drivers/folder.ts';
import type { Outlet } from '../outlet.ts';

const argv = z.array(z.string()).min(1, 'a program and its arguments');
const options = z.strictObject({
  on: argv,
  off: argv,
  /** Prints `on` or `off`. Absent: it can't be asked. */
  state: argv.optional(),
});

/** Any switch that a program of the bench knows how to throw: uhubctl in a script, gpioset, a vendor's tool. No shell is between; each ends with this process. */
const command: Driver<Outlet, z.output<typeof options>> = {
  name: 'command',
  options,
  open({ on, off, state }) {
    const name = `the switch of ${on[0] ?? ''}`;
    return {
      name,
      async set(wanted, signal) {
        await runProgram(name, wanted === 'on' ? on : off, signal);
      },
      ...(state !== undefined && {
        async read(signal) {
          const said = await runProgram(name, state, signal);
          return said === 'on' || said === 'off' ? said : 'unknown';
        },
      }),
    };
  },
};
export default command;
