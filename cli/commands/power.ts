import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { createDevice, type Boot } from '../../devices/index.ts';
import {
  attachDevice,
  CommandError,
  holdDevice,
  holdPurpose,
  leaseHolder,
  matchDevices,
  readBenchConfig,
  stateDirectoryName,
  type BenchConfig,
} from '../../workers/index.ts';
import { interruptible } from '../interruptible.ts';

/** How long the end of a holder may take: it powers off and removes its overlay. */
const releaseBudgetMs = 15_000;

export const powerCommand = new Command('power').description('switch a device on or off, abruptly, or cut its power and give it back');

powerCommand
  .command('on')
  .description('lease a free device and boot it; it stays on, recorded, until `power off`')
  .argument('[device]')
  .option('-i, --image <file>', 'flash image to boot (default: the reference OS)')
  .action(async (name: string | undefined, options: { image?: string }) => {
    const config = await readBenchConfig(process.cwd());
    const [id] = await freeDevices(config, name);
    if (id === undefined) throw new CommandError('no device is free', { exitCode: 3, advice: 'boardwalk devices  tells who holds them' });
    const directory = join(process.cwd(), stateDirectoryName, 'devices', id);
    await mkdir(directory, { recursive: true });
    const log = join(directory, 'holder.log');
    const output = openSync(log, 'w');
    const program = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url));
    const image = options.image === undefined ? [] : ['--image', options.image];
    const holder = spawn(process.execPath, [program, 'power', 'hold', id, ...image], { detached: true, stdio: ['ignore', output, output] });
    const exited = new Promise<string>((resolve) => holder.once('exit', (code, signal) => resolve(signal ?? `code ${code}`)));
    const waiting = new AbortController();
    try {
      const boot = await Promise.race([
        readiness(config, id, waiting.signal),
        exited.then((end) => {
          throw new Error(`the holder ended with ${end}`);
        }),
      ]);
      console.log(
        `${id} is on and answers after ${boot.totalSeconds.toFixed(1)} s.  boardwalk console ${id} · boardwalk ssh ${id} · boardwalk power off ${id}`,
      );
    } catch (cause) {
      // A bench that closes under our hands is a holder about to end: why, only the holder knows.
      const end = await Promise.race([exited, delay(releaseBudgetMs)]);
      if (end === undefined) throw cause;
      const said = /^boardwalk: (.+)/m.exec(await readFile(log, 'utf8'))?.[1] ?? `its holder ended with ${end}`;
      throw new CommandError(`${id} can't be powered on: ${said}`, { exitCode: 3, advice: `Look at ${log}`, cause });
    } finally {
      waiting.abort();
      holder.unref();
    }
  });

powerCommand
  .command('off')
  .description('cut the power; a device that `power on` holds is given back')
  .argument('[device]')
  .action(async (name: string | undefined) => {
    const { parts, holder } = await attachDevice(await readBenchConfig(process.cwd()), name);
    await parts.power.off();
    await parts.close();
    if (holder.purpose === holdPurpose) {
      process.kill(holder.pid, 'SIGTERM');
      const deadline = Date.now() + releaseBudgetMs;
      while ((await leaseHolder(holder.device)) !== undefined) {
        if (Date.now() > deadline)
          throw new CommandError(`${holder.device} is off, but process ${holder.pid} still holds it`, { exitCode: 3 });
        await delay(50);
      }
    }
    console.log(`${holder.device} is off`);
  });

powerCommand
  .command('cycle')
  .description('cut the power of a device in use, and give it back')
  .argument('[device]')
  .action(async (name: string | undefined) => {
    const { parts, holder } = await attachDevice(await readBenchConfig(process.cwd()), name);
    try {
      await parts.console.announceReset();
      await parts.power.cycle();
      console.log(`${holder.device} was off and is on`);
    } finally {
      await parts.close();
    }
  });

// The process that `power on` leaves behind.
powerCommand
  .command('hold', { hidden: true })
  .argument('<device>')
  .option('-i, --image <file>')
  .action(async (id: string, options: { image?: string }) => {
    const config = await readBenchConfig(process.cwd());
    await interruptible((signal) => holdDevice(config, id, options.image, signal));
  });

/** How a device came up: awaited from before its holder's bench is published until it answers. */
async function readiness(config: BenchConfig, id: string, signal: AbortSignal): Promise<Boot> {
  while ((await leaseHolder(id))?.bench === undefined) await delay(100, undefined, { signal });
  const { parts } = await attachDevice(config, id);
  const device = createDevice(parts);
  try {
    return await device.ready();
  } finally {
    await device.close();
    await parts.close();
  }
}

async function freeDevices(config: BenchConfig, name: string | undefined): Promise<string[]> {
  const matches = matchDevices(config, name);
  const holders = await Promise.all(matches.map(({ id }) => leaseHolder(id)));
  return matches.filter((_, index) => holders[index] === undefined).map(({ id }) => id);
}
