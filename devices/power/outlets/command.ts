import { execa } from 'execa';
import { z } from 'zod';
import { OutletError } from '../errors.ts';
import type { OutletDriver } from '../outlet.ts';

const argv = z.array(z.string()).min(1, 'a program and its arguments');
const options = z.strictObject({
  on: argv,
  off: argv,
  /** Prints `on` or `off`. Absent: it can't be asked. */
  state: argv.optional(),
});

/** Any switch that a program of the bench knows how to throw: uhubctl in a script, gpioset, a vendor's tool. No shell is between; each ends with this process. */
const command: OutletDriver<z.output<typeof options>> = {
  name: 'command',
  options,
  open({ on, off, state }) {
    const name = `the switch of ${on[0] ?? ''}`;
    return {
      name,
      async set(wanted, signal) {
        await run(name, wanted === 'on' ? on : off, signal);
      },
      ...(state !== undefined && {
        async read(signal) {
          const said = (await run(name, state, signal)).trim();
          return said === 'on' || said === 'off' ? said : 'unknown';
        },
      }),
    };
  },
};
export default command;

/** Standard output; OutletError with what it said and how it ended. */
async function run(name: string, words: readonly string[], signal: AbortSignal): Promise<string> {
  const shown = words.join(' ');
  const ended = await execa('setpriv', ['--pdeathsig', 'KILL', ...words], {
    reject: false,
    stdin: 'ignore',
    cancelSignal: signal,
    killSignal: 'SIGKILL',
  });
  if (ended.exitCode === 0 && !ended.isCanceled) return ended.stdout;
  const how = ended.isCanceled ? 'it did not end within the budget' : (ended.stderr.trim() || ended.shortMessage || '').slice(0, 500);
  throw new OutletError(`${name} didn't do as it was asked (${shown}): ${how}`, {
    blame: 'infra',
    evidence: [{ kind: 'command', text: `$ ${shown}\n${ended.stdout}\n${ended.stderr}` }],
    advice: `Run it by hand:  ${shown}`,
  });
}
