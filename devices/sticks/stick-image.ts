import { constants, copyFile, link, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StickFailed } from './errors.ts';
import type { Format } from './formats/format.ts';
import { formats } from './formats/index.ts';
import { partitionStart, partitionTable } from './partition-table.ts';
import type { StickFilesystem, StickSpec } from './sticks.ts';

/** A stick's memory: a raw image file on the bench. */
export class StickImage {
  readonly file: string;
  readonly filesystem: StickFilesystem;
  readonly label: string | undefined;
  readonly uuid: string;

  private constructor(file: string, { filesystem, label }: StickSpec, uuid: string) {
    this.file = file;
    this.filesystem = filesystem;
    this.label = label;
    this.uuid = uuid;
  }

  /** Makes the file; nothing is left where that fails. */
  static async create(file: string, spec: StickSpec): Promise<StickImage> {
    const { uuid, sizeMiB } = checkedSpec(spec);
    try {
      await writeImage(file, spec, uuid, sizeMiB * 1024 * 1024);
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
    return new StickImage(file, spec, uuid);
  }

  async readFile(path: string): Promise<Uint8Array> {
    return this.#readable().readFile(this.file, onStick(path));
  }

  async list(): Promise<string[]> {
    return this.#readable().list(this.file);
  }

  async remove(): Promise<void> {
    await rm(this.file, { force: true });
  }

  #readable(): Format {
    const format = formats[this.filesystem];
    if (format !== undefined) return format;
    throw new StickFailed('there is no file system on this stick to read from', { blame: 'test', advice: 'Create it with vfat or ext4.' });
  }
}

/** What has to hold of a spec whoever makes the stick; gives what the spec leaves open. */
export function checkedSpec({ filesystem, label, uuid, sizeMiB = 32, files = {}, hostFiles = {} }: StickSpec): {
  uuid: string;
  sizeMiB: number;
} {
  if (!(sizeMiB >= 2)) throw wrong(`a stick of ${sizeMiB} MiB`, 'Give it at least 2 MiB; the partition begins after the first.');
  const paths = [...Object.keys(files), ...Object.keys(hostFiles)].map(onStick);
  if (filesystem === 'none') {
    if (paths.length > 0 || label !== undefined || uuid !== undefined) {
      throw wrong('files, label and UUID need a file system, and this stick has none', 'Choose vfat or ext4.');
    }
    return { uuid: '', sizeMiB };
  }
  const format = formats[filesystem];
  if (format === undefined) {
    throw wrong(`this bench can't make and read back ${filesystem}`, `filesystems() says what it can: skip what it can't.`);
  }
  if (label !== undefined && Buffer.byteLength(label) > format.longestLabel) {
    throw wrong(`the label “${label}” is too long for ${filesystem}`, `At most ${format.longestLabel} bytes.`);
  }
  if (uuid !== undefined && !format.uuidPattern.test(uuid)) {
    throw wrong(`${uuid} is no UUID of ${filesystem}`, `It must match ${format.uuidPattern.source}.`);
  }
  return { uuid: uuid ?? format.randomUuid(), sizeMiB };
}

function wrong(message: string, advice: string): StickFailed {
  return new StickFailed(message, { blame: 'test', advice });
}

/** A path on the stick, without the slash at its beginning. */
export function onStick(path: string): string {
  const steps = path.split('/').filter((step) => step !== '');
  if (steps.length === 0 || steps.some((step) => step === '..' || step === '.')) {
    throw new StickFailed(`${path} is no path of a file on a stick`, { blame: 'test', advice: 'Name it from the top of the stick.' });
  }
  return steps.join('/');
}

async function writeImage(file: string, spec: StickSpec, uuid: string, bytes: number): Promise<void> {
  const format = formats[spec.filesystem];
  const image = await open(file, 'wx', 0o600);
  try {
    await image.truncate(bytes);
    await image.write(partitionTable(bytes, format?.partitionType ?? 0x83), 0, undefined, 0);
  } finally {
    await image.close();
  }
  if (format === undefined) return;
  const content = await mkdtemp(join(dirname(file), 'content-'));
  try {
    await gather(content, spec);
    await format.make(file, { label: spec.label, uuid, partitionKiB: (bytes - partitionStart) / 1024, content });
  } finally {
    await rm(content, { recursive: true });
  }
}

/** Puts what goes on the stick into a directory: from it every program of every file system takes it. */
async function gather(directory: string, { files = {}, hostFiles = {} }: StickSpec): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    await writeFile(await placeFor(directory, path), bytes);
  }
  for (const [path, source] of Object.entries(hostFiles)) {
    const place = await placeFor(directory, path);
    // No second copy on the bench's disk where it can be helped.
    await link(source, place).catch(() => copyFile(source, place, constants.COPYFILE_FICLONE));
  }
}

async function placeFor(directory: string, path: string): Promise<string> {
  const place = join(directory, onStick(path));
  await mkdir(dirname(place), { recursive: true });
  return place;
}
