import { z } from 'zod';
import { HostNote } from '../host-note.ts';

const beingWritten = z.object({ device: z.string(), pid: z.int(), since: z.iso.datetime() });
export type BeingWritten = z.infer<typeof beingWritten>;

/** The note that a disk's content isn't whole, and who writes or wrote it: there from before the first byte until after the last. */
export const writtenNote = (disk: string, directory?: string): HostNote<BeingWritten> =>
  new HostNote('cards', disk, beingWritten, directory);
