import { rm } from 'node:fs/promises';
import {
  createOverlay,
  diskBytesFor,
  findSnapshot,
  keepSnapshot,
  pc,
  type DiskImage,
  type Found,
  type Machine,
  type MachineSpec,
  type Snapshot,
} from '../../qemu/index.ts';

export interface QemuDiskOptions {
  /** The flash image under test; never written. */
  base: DiskImage;
  /** The machine that has this disk: `spec.disk.file` is the overlay that takes every write. */
  spec: MachineSpec;
  /** Where booted machines are kept, and the image's checksum. Default: none is. */
  snapshots?: { directory: string; imageSha256: string } | undefined;
  signal?: AbortSignal | undefined;
}

export interface Renewal {
  /** The next power-on restores a booted device. */
  restores: boolean;
  /** Why it can't, though one was kept once. */
  reason?: string;
}

/** The flash medium of a virtual device: an overlay over the image, or over the disk of a booted device that was kept with its memory. */
export class QemuDisk {
  readonly #options: QemuDiskOptions;
  /** Undefined until somebody looked: the checksums are compared once, after that the files are only read. */
  #found: Found | undefined;
  #memory: Snapshot['memory'] | undefined;

  /** A disk as it was flashed. */
  static async insert(options: QemuDiskOptions): Promise<QemuDisk> {
    const disk = new QemuDisk(options);
    await disk.#flash(undefined);
    return disk;
  }

  private constructor(options: QemuDiskOptions) {
    this.#options = options;
  }

  get canBeKept(): boolean {
    return this.#options.snapshots !== undefined;
  }

  /** The memory that the machine's next start goes on from. Only once: after that the disk isn't as it was at that moment. */
  takeMemory(): Snapshot['memory'] | undefined {
    const memory = this.#memory;
    this.#memory = undefined;
    return memory;
  }

  /** Forgets all that was written. The machine must be off. */
  async renew({ restore }: { restore: boolean }): Promise<Renewal> {
    if (restore) this.#found ??= await this.#find();
    const snapshot = restore ? this.#found?.snapshot : undefined;
    await this.#flash(snapshot);
    if (snapshot !== undefined) return { restores: true };
    const reason = this.#found?.snapshot === undefined ? this.#found?.reason : undefined;
    return { restores: false, ...(reason !== undefined && { reason }) };
  }

  /** Keeps the running machine and its disk for others; the machine is off afterwards, and the disk wants to be renewed. */
  async keep(machine: Machine, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const { snapshots, spec } = this.#options;
    if (snapshots === undefined) throw new RangeError('no place was given to keep it in');
    const subject = this.#subject(snapshots.imageSha256);
    const snapshot = await keepSnapshot({
      parent: snapshots.directory,
      machine,
      overlay: spec.disk.file,
      notes: {},
      ...subject,
      ...(signal && { signal }),
    });
    this.#found = { snapshot };
  }

  async #find(): Promise<Found> {
    const { snapshots } = this.#options;
    return snapshots === undefined
      ? { snapshot: undefined, reason: undefined }
      : findSnapshot(snapshots.directory, this.#subject(snapshots.imageSha256));
  }

  #subject(sha256: string) {
    const { spec, base } = this.#options;
    return { spec, base: { file: base.file, sha256 } };
  }

  async #flash(snapshot: Snapshot | undefined): Promise<void> {
    const { spec, base, signal } = this.#options;
    await rm(spec.disk.file, { force: true });
    const diskBytes = diskBytesFor(spec.hardware ?? pc, base.diskBytes);
    await createOverlay({ base: snapshot?.disk ?? base, file: spec.disk.file, diskBytes, ...(signal && { signal }) });
    this.#memory = snapshot?.memory;
  }
}
