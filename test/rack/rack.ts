import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildReferenceImage } from '../../qemu/reference-os/index.ts';
import { emulatedBoard } from '../emulated-board.ts';
import { runInBenchGuest, type JobEnd } from './bench-guest.ts';
import { mappedImage } from './mapped-image.ts';

const project = join(import.meta.dirname, '../..');

/** What runs in the bench guest, in the folder of the board's wiring.json. */
const command = 'exec node --disable-warning=ExperimentalWarning /project/test/rack/wires.ts';

/** Sets up a bench's host and a board, both emulated and wired, and takes the board through wires.ts. @param directory empty, on a disk with 4 GB to spare */
export async function runRack(directory: string, { signal }: { signal?: AbortSignal } = {}): Promise<JobEnd | undefined> {
  const { flash } = await buildReferenceImage({ deviceType: 'qemuarm64', signal });
  const images = join(directory, 'images');
  await mkdir(images, { recursive: true });
  const image = await mappedImage(flash, images, signal);
  await using board = await emulatedBoard({ image, directory, demandCard: async () => undefined });
  const template = await readFile(join(import.meta.dirname, 'job.sh'), 'utf8');
  const blanks = { SSH: board.ports.ssh, ENGINE: board.ports.engine, SUPERVISOR: board.ports.supervisor, COMMAND: command };
  let script = template;
  for (const [blank, value] of Object.entries(blanks)) script = script.replace(`@${blank}@`, String(value));
  return await runInBenchGuest(script, { board, project, images, directory, signal });
}
