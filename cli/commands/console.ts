import { Command } from 'commander';
import { attachDevice, readBenchConfig } from '../../workers/index.ts';
import { interruptible } from '../interruptible.ts';

/** Ctrl-], as telnet and virsh use it: a key that no shell on the device needs. */
const leaveKey = 0x1d;

export const consoleCommand = new Command('console')
  .description('the live serial console of a device in use: what it said, what it says, and what you type')
  .argument('[device]', 'which one, where several are in use')
  .option('--scrollback <bytes>', 'how much of what it said to show first', (text) => Number.parseInt(text, 10), 8192)
  .option('--read-only', 'type nothing: only watch')
  .action(async (name: string | undefined, options: { scrollback: number; readOnly?: boolean }) => {
    const { parts, holder } = await attachDevice(await readBenchConfig(process.cwd()), name);
    const terminal = process.stdin.isTTY && !options.readOnly ? process.stdin : undefined;
    if (terminal) process.stderr.write(`${holder.device}, ${holder.purpose}. Ctrl-] leaves.\r\n`);
    try {
      await interruptible(async (signal) => {
        const left = new AbortController();
        const until = AbortSignal.any([signal, left.signal]);
        let typed: Promise<void> = Promise.resolve();
        if (!options.readOnly) {
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
