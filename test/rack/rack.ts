import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serviceImage } from '../../devices/index.ts';
import { buildReferenceImage } from '../../qemu/reference-os/index.ts';
import { emulatedBoard } from '../emulated-board.ts';
import { runInBenchGuest, type JobEnd } from './bench-guest.ts';
import { mappedImage } from './mapped-image.ts';

const project = join(import.meta.dirname, '../..');

export interface RackOptions {
  /** Empty, on a disk with 4 GB to spare. */
  directory: string;
  /** What is done in the bench's host: shell, in which $tty, $hub, $disk, $stick1 and $stick2 say what is plugged in; @SSH@, @ENGINE@, @SUPERVISOR@ are the board's ports, @CLOCK@ the bench's for its time server. */
  job: string;
  signal?: AbortSignal;
}

/** Sets up a bench's host and a board, both emulated and wired, and does a job in it. */
export async function runRack({ directory, job, signal }: RackOptions): Promise<JobEnd | undefined> {
  const { flash } = await buildReferenceImage({ deviceType: 'qemuarm64', signal });
  await serviceImage({ architecture: 'arm64', signal });
  const images = join(directory, 'images');
  await mkdir(images, { recursive: true });
  const image = await mappedImage(flash, images, signal);
  await using board = await emulatedBoard({ image, directory, demandCard: async () => undefined });
  let script = `${await readFile(join(import.meta.dirname, 'prelude.sh'), 'utf8')}${job}`;
  for (const service of ['ssh', 'engine', 'supervisor'] as const)
    script = script.replaceAll(`@${service.toUpperCase()}@`, String(board.ports[service]));
  script = script.replaceAll('@CLOCK@', String(board.clockPort));
  return await runInBenchGuest(script, { board, project, images, directory, signal });
}
