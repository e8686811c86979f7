import { z } from 'zod';
import type { SavedMemory } from '../machine/machine.ts';

/**
 * A booted machine, kept in a directory of the cache: its memory, and its disk as it stood at that moment. Both are read by any number of
 * machines and written by none: a machine restored from it has an overlay of its own over the disk.
 */
export interface Snapshot {
  readonly directory: string;
  readonly memory: Extract<SavedMemory, { bytes: string }>;
  /** The base of overlays. */
  readonly disk: { readonly file: string; readonly format: 'qcow2'; readonly diskBytes: number };
  /** What its maker knew of the guest and wants to find again. */
  readonly notes: Readonly<Record<string, string>>;
}

const fileSchema = z.strictObject({ bytes: z.int().nonnegative(), sha256: z.string() });

/** Of a snapshot's files. */
export const format = 2;

/** `snapshot.json`, written last. */
export const manifestSchema = z.strictObject({
  format: z.literal(format),
  madeAt: z.iso.datetime(),
  /** QEMU's version and the machine's arguments but for its name and places: memory fits no other machine. */
  qemu: z.string(),
  machine: z.array(z.string()),
  base: z.strictObject({ file: z.string(), sha256: z.string() }),
  diskBytes: z.int().positive(),
  memory: fileSchema,
  devices: fileSchema,
  disk: fileSchema,
  notes: z.record(z.string(), z.string()),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const memoryFile = 'memory';
export const devicesFile = 'devices';
export const diskFile = 'disk.qcow2';
export const manifestFile = 'snapshot.json';
