import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from '../../qemu/debian/index.ts';
import { mebibyte } from '../../qemu/reference-os/gpt.ts';
import { openImage } from '../../qemu/reference-os/images.ts';
import { MutantUnfit } from './errors.ts';
import type { OfflineEdit } from './mutant.ts';

/** A copy of 1 GB of data takes seconds on a disk of any kind; debugfs works on a few blocks. */
const copyBudget = 120_000;
const editBudget = 30_000;

/** The slot that a new device boots. */
const activeSlot = 'resin-rootA';

/**
 * Copies a flash image of the reference OS and edits files in the copy's first slot; the image itself is only read. No mount and no
 * root: debugfs works on the partition inside the file. Every file written is read back.
 */
export async function editedCopy(flash: string, edits: readonly OfflineEdit[], copy: string, signal: AbortSignal): Promise<void> {
  const { manifest } = await openImage(dirname(flash));
  const slot = manifest.partitions.find(({ name }) => name === activeSlot);
  if (slot === undefined) throw new MutantUnfit(`the image has no partition ${activeSlot}`);
  const fileSystem = `${copy}?offset=${slot.startMebibytes * mebibyte}`;
  await runCommand('cp', ['--sparse=always', '--reflink=auto', flash, copy], { signal, budget: copyBudget });

  const scratch = await mkdtemp(join(tmpdir(), 'boardwalk-mutant-'));
  try {
    const debugfs = (command: string) => runCommand('debugfs', ['-w', '-R', command, fileSystem], { signal, budget: editBudget });
    const file = join(scratch, 'file');
    const read = async (path: string): Promise<string | undefined> => {
      await rm(file, { force: true });
      // With its mode; debugfs says what it couldn't do, and ends well all the same.
      await debugfs(`dump -p ${path} ${file}`);
      return (await exists(file)) ? readFile(file, 'utf8') : undefined;
    };
    for (const edit of edits) {
      const before = await read(edit.path);
      const after = editedText(edit, before);
      for (const directory of before === undefined ? directoriesOf(edit.path) : []) await debugfs(`mkdir ${directory}`);
      await writeFile(file, after);
      if (before === undefined) await chmod(file, 0o644);
      else await debugfs(`rm ${edit.path}`);
      await debugfs(`write ${file} ${edit.path}`);
      if ((await read(edit.path)) !== after) throw new MutantUnfit(`${edit.path} could not be written into ${activeSlot} of ${copy}`);
    }
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** What becomes of a file's text. Throws MutantUnfit where the edit would change nothing. @param text undefined where there is no file */
export function editedText({ path, content, replace }: OfflineEdit, text: string | undefined): string {
  if (replace === undefined) {
    if (content === undefined || content === text) throw new MutantUnfit(`the edit of ${path} changes nothing`);
    return content;
  }
  const [from, to] = replace;
  if (text === undefined) throw new MutantUnfit(`there is no ${path} to edit`);
  const changed = text.replace(from, () => to);
  if (changed === text) throw new MutantUnfit(`${path} has no ${String(from)}: the edit changes nothing`);
  return changed;
}

/** `/a/b/c` → `/a`, `/a/b` */
function directoriesOf(path: string): string[] {
  const names = dirname(path).split('/').slice(1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
