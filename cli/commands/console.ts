import { userInfo } from 'node:os';
import { Command } from 'commander';
import { attachDevice, CommandError, readBenchConfig } from '../../workers/index.ts';
import { interruptible } from '../interruptible.ts';

/** Ctrl-], as telnet and virsh use it: a key that no shell on the device needs. */
const leaveKey = 0x1d;

export const consoleCommand = new Command('console')
  .description('the live serial console of a device in use: what it said, what it says, and what one of you types')
  .argument('[device]', 'which one, where several are in use')
  .option('--scrollback <bytes>', 'how much of what it said to show first', (text) => Number.parseInt(text, 10), 8192)
  .option('--read-only', 'type nothing: only watch')
  .action(async (name: string | undefined, options: { scrollback: number; readOnly?: boolean }) => {
    const { parts, holder } = await attachDevice(await readBenchConfig(process.cwd()), name);
    const { stdin, stdout, stderr } = process;
    let raw = false;
    try {
      // 1. Who types: one at a time, so that two people's keys don't mix.
      const typist = options.readOnly ? undefined : await parts.claimConsole(`${userInfo().username} (process ${process.pid})`);
      if (typist !== undefined && !stdin.isTTY) {
        throw new CommandError(`${typist} types at ${holder.device}’s console, and one at a time may`, {
          exitCode: 2,
          advice: 'Watch it:  boardwalk console --read-only',
        });
      }
      const types = options.readOnly !== true && typist === undefined;
      const how = types ? 'Ctrl-] leaves.' : `Watching only${typist === undefined ? '' : `, for ${typist} types`}. Ctrl-C leaves.`;

      await interruptible(async (signal) => {
        // 2. What is typed, from here to there.
        const left = new AbortController();
        let typed: Promise<void> = Promise.resolve();
        if (types) {
          raw = stdin.isTTY;
          if (raw) stdin.setRawMode(true);
          stdin.on('data', (bytes: Buffer) => {
            const leave = raw ? bytes.indexOf(leaveKey) : -1;
            const wanted = leave === -1 ? bytes : bytes.subarray(0, leave);
            typed = typed.then(() => parts.console.write(wanted));
            if (leave !== -1) left.abort();
          });
        }

        // 3. What it says, from there to here. Between what it said and what it says stands where one is, and how to leave.
        const now = await parts.console.mark();
        const from = Math.max(0, now - options.scrollback);
        let introduced = !stdin.isTTY;
        const introduce = () => {
          if (!introduced) stderr.write(`\r\n${holder.device}, ${holder.purpose}. ${how}\r\n`);
          introduced = true;
        };
        if (from === now) introduce();
        for await (const { offset, bytes } of parts.console.follow({ from, signal: AbortSignal.any([signal, left.signal]) })) {
          stdout.write(bytes);
          if (offset + bytes.length >= now) introduce();
        }
        await typed;
      });
    } finally {
      if (raw) stdin.setRawMode(false);
      stdin.pause();
      await parts.close();
    }
  });
