import { readFile } from 'node:fs/promises';
import { connectBench, type RemoteParts } from '../../devices/index.ts';
import { CommandError } from '../errors.ts';
import { matchDevices, tokenFile } from './bench.ts';
import type { BenchConfig } from './config.ts';
import { leaseHolder, type LeaseHolder } from './lease.ts';

/** A device in use, reached through its holder's bench. */
export interface AttachedDevice {
  parts: RemoteParts;
  holder: LeaseHolder;
}

/** Reaches a device that a run or `power on` holds: the one named, or the only one in use. Throws a CommandError where none is. */
export async function attachDevice(config: BenchConfig, name: string | undefined): Promise<AttachedDevice> {
  const matches = matchDevices(config, name);
  const holders = await Promise.all(matches.map(({ id }) => leaseHolder(id)));
  const inUse = holders.filter((holder) => holder?.bench !== undefined);
  const [holder, another] = inUse;
  if (holder?.bench === undefined) {
    throw new CommandError(`${name ?? 'no device'} is ${name === undefined ? '' : 'not '}in use`, {
      exitCode: 2,
      advice: `Start a run, or power the device on:  boardwalk power on ${matches[0]?.id ?? ''}`.trimEnd(),
    });
  }
  if (another) {
    throw new CommandError(`${inUse.length} devices are in use: ${inUse.map((each) => each?.device).join(' ')}`, {
      exitCode: 2,
      advice: 'Name one of them',
    });
  }
  const token = await readFile(tokenFile(holder.bench), 'utf8').catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw new CommandError(`${holder.device} is no longer in use: its holder (process ${holder.pid}, ${holder.purpose}) is ending`, {
        exitCode: 2,
        cause,
      });
    }
    throw new CommandError(`${holder.device} is held by another user (process ${holder.pid}, ${holder.purpose})`, {
      exitCode: 2,
      advice: "Only the holder's user may reach its bench",
      cause,
    });
  });
  return { parts: await connectBench({ socketPath: holder.bench, token, device: holder.device }), holder };
}
