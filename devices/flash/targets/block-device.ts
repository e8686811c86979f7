import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { execa } from 'execa';
import { searchPath } from '../../sticks/tool.ts';
import { flashBudgets } from '../budgets.ts';
import { TargetRefused } from '../errors.ts';
import type { PartitionsSeen, Target } from '../target.ts';
import { attribute, identify, thisSystem, type BlockDevice } from './block-devices.ts';
import { demandFree, demandSize, type BlockRules } from './safety.ts';
import { HandleTransfers } from './transfers.ts';

/** Bytes that one ioctl of blkdiscard zeroes: between two of them it can be ended. */
const zeroOutStep = 64 * 1024 * 1024;

/** A block device that may be flashed by the rules. Throws TargetRefused, before anything is written. */
export async function openBlockDevice(path: string, rules: BlockRules): Promise<Target> {
  const device = await identify(path);
  await demandFree(device, rules, thisSystem);
  const handle = await openExclusively(device);
  try {
    const opened = await handle.stat({ bigint: true });
    if (!opened.isBlockDevice() || opened.rdev !== device.rdev) {
      throw new TargetRefused(`${path} became another device while it was looked at`, {
        advice: 'Name it by a path that stays, as those in /dev/disk/by-path do.',
      });
    }
    // Only now: a card reader learns of a card when it is opened.
    const capacity = await demandSize(device, rules);
    const sector = Number(await attribute(device.disk, 'queue/logical_block_size')) || 512;
    return new BlockDeviceTarget(device, handle, { capacity, sector });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * O_EXCL is the kernel's own word that no mount, swap, RAID or other flasher has the disk or a part of it, in any namespace. To write and
 * to read: what is read back is read through the same claim.
 */
async function openExclusively({ path }: BlockDevice): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | constants.O_EXCL | constants.O_DIRECT);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EBUSY') {
      throw new TargetRefused(`${path} is in use: the kernel doesn't give it to us alone`, {
        advice: 'See who has it: lsblk, or fuser on it and its partitions.',
        cause,
      });
    }
    if (code === 'ENOMEDIUM') throw new TargetRefused(`there is no medium in ${path}`, { advice: 'Insert the card.', cause });
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new TargetRefused(`${path} can't be opened (${message})`, {
      advice: 'Check its permissions: usually the group disk may write it.',
      cause,
    });
  }
}

class BlockDeviceTarget extends HandleTransfers implements Target {
  readonly path: string;
  readonly capacity: number;
  readonly sector: number;
  readonly direct = true;
  readonly #device: BlockDevice;

  constructor(device: BlockDevice, handle: FileHandle, { capacity, sector }: { capacity: number; sector: number }) {
    super(handle);
    this.path = device.path;
    this.capacity = capacity;
    this.sector = sector;
    this.#device = device;
  }

  /**
   * By the device itself (BLKZEROOUT), if it has a command for it. Otherwise the kernel would write zeros, and we do that where they are
   * due. A discard doesn't do: what reads where it was is whatever the card likes.
   */
  async blank(bytes: number | undefined, signal: AbortSignal): Promise<boolean> {
    const limit = Number(await attribute(this.#device.disk, 'queue/write_zeroes_max_bytes'));
    if (!(limit > 0)) return false;
    const length = Math.min(Math.ceil((bytes ?? this.capacity) / this.sector) * this.sector, this.capacity);
    // It would ask for the disk alone, and we have it.
    const args = ['--force', '--zeroout', '--step', String(zeroOutStep), '--length', String(length), this.path];
    const { exitCode } = await run('blkdiscard', args, { budget: flashBudgets.zeroOut, signal });
    signal.throwIfAborted();
    // Whatever it has done, zeros that are written do as well.
    return exitCode === 0;
  }

  async end(): Promise<void> {
    // A disk has its size.
  }

  async keep(signal: AbortSignal): Promise<PartitionsSeen> {
    // The kernel refuses to look while somebody has the disk alone.
    await this.handle.close();
    for (const [program, ...args] of [
      ['blockdev', '--rereadpt', this.path],
      ['partx', '--update', this.path],
    ] as const) {
      const { exitCode } = await run(program, args, { budget: flashBudgets.lookUp, signal });
      if (exitCode === 0) return 'anew';
    }
    return 'not';
  }

  async abandon(): Promise<void> {
    await this.handle.close();
  }
}

function run(program: string, args: readonly string[], { budget, signal }: { budget: number; signal: AbortSignal }) {
  return execa('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    stdin: 'ignore',
    env: { PATH: searchPath.join(':'), LC_ALL: 'C' },
    timeout: budget,
    killSignal: 'SIGKILL',
    cancelSignal: signal,
    reject: false,
  });
}
