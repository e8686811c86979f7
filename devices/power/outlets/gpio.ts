import { execa } from 'execa';
import { z } from 'zod';
import { observed } from '../../waiting.ts';
import { DriverFailed } from '../../drivers/errors.ts';
import { runProgram } from '../../drivers/program.ts';
import type { Driver } from '../../drivers/folder.ts';
import type { Outlet } from '../outlet.ts';

const options = z.strictObject({
  /** Such as `gpiochip0`; `gpiodetect` lists them. */
  chip: z.string().regex(/^(\/dev\/)?gpiochip\d+$/, 'a GPIO chip, such as gpiochip0'),
  /** Its offset on the chip. */
  line: z.int().min(0),
  /** For a relay that draws at a low level. */
  activeLow: z.boolean().default(false),
});

const lookAgainEvery = 20;

/**
 * A relay on a GPIO line of the bench. Linux keeps a line's level only while somebody holds it: `gpioset` does (libgpiod 1 and 2 differ in how they are told),
 * and ends with this process. A line that is held can't be read; that it is still held is what there is to see.
 */
const gpio: Driver<Outlet, z.output<typeof options>> = {
  name: 'gpio',
  options,
  open({ chip, line, activeLow }) {
    const name = `the relay on line ${line} of ${chip}`;
    let holder: Holder | undefined;
    const release = async () => {
      await holder?.kill();
      holder = undefined;
    };
    return {
      name,
      async set(state, signal) {
        const first = /\bv1\./.test(await runProgram(name, ['gpioset', '--version'], signal));
        /** What gpioinfo says of the line. */
        const look = async () => {
          const lines = await runProgram(name, ['gpioinfo', ...(first ? [] : ['--chip']), chip], signal);
          const own = lines.split('\n').find((text) => new RegExp(`\\bline\\s+${line}:`).test(text));
          if (own === undefined) throw refused(name, `gpioinfo ${chip}`, `${chip} has no line ${line}`);
          return own.trim();
        };
        await release();
        const before = await look();
        if (isHeld(before)) throw refused(name, `gpioinfo ${chip}`, `another program holds it: ${before}`);

        const level = (state === 'on') === activeLow ? 0 : 1;
        const holding = new Holder(state, ['gpioset', ...(first ? ['--mode=signal', chip] : ['--chip', chip]), `${line}=${level}`]);
        holder = holding;
        await observed({
          awaited: `gpioset to hold line ${line} of ${chip}`,
          budget: holdBudget,
          interval: lookAgainEvery,
          blame: 'infra',
          advice: 'Is the host overloaded?',
          async look() {
            if (holding.over !== undefined) throw refused(name, holding.shown, holding.over);
            const now = await look();
            return isHeld(now) ? { found: undefined } : now;
          },
        });
      },
      read: async () => (holder === undefined || holder.over !== undefined ? 'unknown' : holder.state),
      close: release,
    };
  },
};
export default gpio;

/** A line of gpioinfo's: version 1 ends it with [used], version 2 names the consumer. */
const isHeld = (line: string): boolean => /\[used\]|consumer=/.test(line);

/** Milliseconds in which a child of this host is there, or has said why not. */
const holdBudget = 5_000;

/** A gpioset that holds a line until it is killed, or has ended by itself: then `over` says how. */
class Holder {
  readonly state: 'on' | 'off';
  /** The command, for messages. */
  readonly shown: string;
  over: string | undefined;
  readonly #process;
  readonly #ended: Promise<void>;

  constructor(state: 'on' | 'off', words: readonly string[]) {
    this.state = state;
    this.shown = words.join(' ');
    this.#process = execa('setpriv', ['--pdeathsig', 'KILL', ...words], { reject: false, stdin: 'ignore' });
    this.#ended = this.#watch();
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  async #watch(): Promise<void> {
    const { stderr, shortMessage, exitCode } = await this.#process;
    this.over = stderr.trim() || shortMessage || `exit code ${exitCode}`;
  }
}

const refused = (name: string, shown: string, seen: string): DriverFailed =>
  new DriverFailed(`${name} didn't do as it was asked (${shown}): ${seen}`, {
    blame: 'infra',
    evidence: [{ kind: 'command', text: `$ ${shown}\n${seen}` }],
    advice: 'It takes libgpiod’s tools (Debian: gpiod) and a user who may open the chip.',
  });
