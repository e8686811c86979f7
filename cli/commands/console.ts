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
    let terminal: typeof process.stdin | undefined;
    try {
      const typist = options.readOnly ? undefined : await parts.claimConsole(`${userInfo().username} (process ${process.pid})`);
      if (typist !== undefined && !process.stdin.isTTY) {
        throw new CommandError(`${typist} types at ${holder.device}’s console, and one at a time may`, {
          exitCode: 2,
          advice: 'Watch it:  boardwalk console --read-only',
        });
      }
      const readOnly = options.readOnly === true || typist !== undefined;
      if (process.stdin.isTTY && !readOnly) terminal = process.stdin;
      if (process.stdin.isTTY) {
        const how = terminal ? 'Ctrl-] leaves.' : `Watching only${typist === undefined ? '' : `, for ${typist} types`}. Ctrl-C leaves.`;
        process.stderr.write(`${holder.device}, ${holder.purpose}. ${how}\r\n`);
      }
      await interruptible(async (signal) => {
        const left = new AbortController();
        const until = AbortSignal.any([signal, left.signal]);
        let typed: Promise<void> = Promise.resolve();
        if (!readOnly) {
          terminal?.setRawMode(true);
          process.stdin.on('data', (bytes: Buffer) => {
            const leave = terminal ? bytes.indexOf(leaveKey) : -1;
            const wanted = leave === -1 ? bytes : bytes.subarray(0, leave);
            typed = typed.then(() => parts.console.write(wanted));
            if (leave !== -1) left.abort();
          });
        }
        const from = Math.max(0, (await parts.console.mark()) - options.scrollback);
        for await (const chunk of parts.console.follow({ from, signal: until })) process.stdout.write(chunk.bytes);
        await typed;
      });
    } finally {
      terminal?.setRawMode(false);
      process.stdin.pause();
      await parts.close();
    }
  });
