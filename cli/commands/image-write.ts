import { stat } from 'node:fs/promises';
import { Command } from 'commander';
import { describeBlockDevice, flash, TargetRefused, type Flashed, type FlashProgress } from '../../devices/index.ts';
import { CommandError, UsageError } from '../../workers/index.ts';
import { interruptible } from '../interruptible.ts';

/** Seconds between two lines of progress. */
const tellEvery = 2;

interface WriteOptions {
  /** False for --no-bmap. */
  bmap?: string | boolean;
  verify: boolean;
  yes?: boolean;
}

export const writeCommand = new Command('write')
  .description('write a flash image onto a disk or into a file, and read it back')
  .argument('<image>', 'raw, or packed with gzip, zstd or xz')
  .argument('<target>', 'a whole disk that nothing uses, or a file')
  .option('--bmap <file>', 'the image’s bmap file (default: the one beside it)')
  .option('--no-bmap', 'write all of the image even if it has a bmap file')
  .option('--no-verify', 'don’t read back what was written')
  .option('--yes', 'the target is the disk that I mean, and all that is on it may go')
  .action(async (image: string, target: string, options: WriteOptions) => {
    const disk = await diskAt(target);
    if (disk !== undefined && options.yes !== true) {
      throw new UsageError(`${target} is a disk (${disk}), and all that is on it would be lost`, {
        advice: 'If you mean that disk, say --yes.',
      });
    }
    console.log(`target   ${target}${disk === undefined ? '' : `  (${disk})`}`);
    tellEnd(await interruptible((signal) => write(image, target, options, signal)));
  });

async function write(image: string, target: string, options: WriteOptions, signal: AbortSignal): Promise<Flashed> {
  try {
    return await flash({
      image,
      target,
      bmap: typeof options.bmap === 'string' ? { file: options.bmap } : options.bmap === false ? 'none' : 'beside',
      verify: options.verify ? 'read-back' : 'none',
      onProgress: progressLines(),
      signal,
    });
  } catch (error) {
    if (error instanceof TargetRefused)
      throw new UsageError(error.message, { ...(error.advice && { advice: error.advice }), cause: error });
    if (signal.aborted) {
      throw new CommandError(`${target} was not written to its end: interrupted by ${String(signal.reason)}`, {
        exitCode: 130,
        advice: 'It doesn’t boot until it is written again.',
        cause: error,
      });
    }
    throw error;
  }
}

/** What a block device is, so that nobody loses the wrong one; undefined for a file. */
async function diskAt(target: string): Promise<string | undefined> {
  const entry = await stat(target).catch(() => undefined);
  return entry?.isBlockDevice() ? describeBlockDevice(target) : undefined;
}

function progressLines(): (progress: FlashProgress) => void {
  let told = performance.now();
  return ({ step, doneBytes, totalBytes, bytesPerSecond, secondsLeft }) => {
    if (doneBytes !== totalBytes && performance.now() - told < tellEvery * 1000) return;
    told = performance.now();
    const done = totalBytes === undefined ? mebibytes(doneBytes) : `${mebibytes(doneBytes)} of ${mebibytes(totalBytes)}`;
    const left = secondsLeft === undefined || doneBytes === totalBytes ? '' : `  ${Math.ceil(secondsLeft)} s left`;
    console.log(`${step.padEnd(8)} ${done}  ${(bytesPerSecond / 1e6).toFixed(0)} MB/s${left}`);
  };
}

function tellEnd({ diskBytes, mappedBytes, bmap, sha256, readBack, seconds }: Flashed): void {
  const what = bmap === undefined ? `sha256:${sha256}` : `${mebibytes(mappedBytes)} of it mapped by ${bmap}`;
  const seen = { medium: 'read back', cache: 'read back through the page cache', none: 'not read back' }[readBack];
  console.log(`written  ${mebibytes(diskBytes)}, ${what}, ${seen}  ${(seconds.write + seconds.verify).toFixed(1)} s`);
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20).toLocaleString('en-US')} MiB`;
