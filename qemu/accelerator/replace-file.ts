import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Gives a file its contents in one step: another process sees the old ones or the new ones. */
export async function replaceFile(file: string, contents: Uint8Array | string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const own = `${file}.${process.pid}`;
  await writeFile(own, contents);
  await rename(own, file);
}
