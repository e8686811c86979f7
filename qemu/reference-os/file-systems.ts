import { readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runCommand, sourceDateEpoch } from '../debian/index.ts';
import { fixedUuid, mebibyte } from './gpt.ts';

const mkfsBudget = 300_000;
const environment = { SOURCE_DATE_EPOCH: String(sourceDateEpoch), E2FSPROGS_FAKE_TIME: String(sourceDateEpoch) };

export interface Ext4Options {
  label: string;
  sizeMebibytes: number;
  /** Directory whose content it gets; none leaves it empty. */
  content?: string;
  inodes?: number;
  journalMebibytes: number;
  /** Where in the file the file system begins; the rest of the file is left alone. */
  offsetMebibytes?: number;
  configuration: string;
  signal: AbortSignal | undefined;
}

/** Makes an ext4 file system in a file, without mounting anything. The features are those of files/mke2fs.conf, whatever the host's default. */
export async function makeExt4(file: string, options: Ext4Options): Promise<void> {
  const offset = (options.offsetMebibytes ?? 0) * mebibyte;
  const extended = [
    `hash_seed=${fixedUuid('directory hash')}`,
    'lazy_itable_init=0',
    'lazy_journal_init=0',
    'root_owner=0:0',
    'nodiscard',
    `offset=${offset}`,
  ];
  await runCommand(
    'mke2fs',
    [
      '-q',
      '-F',
      '-t',
      'ext4',
      '-m',
      '0',
      '-b',
      '4096',
      '-I',
      '256',
      '-L',
      options.label,
      '-U',
      fixedUuid(`file system ${options.label}`),
      '-J',
      `size=${options.journalMebibytes}`,
      '-E',
      extended.join(','),
      ...(options.inodes === undefined ? [] : ['-N', String(options.inodes)]),
      ...(options.content === undefined ? [] : ['-d', options.content]),
      file,
      `${options.sizeMebibytes}M`,
    ],
    { signal: options.signal, budget: mkfsBudget, environment: { ...environment, MKE2FS_CONFIG: options.configuration } },
  );
}

/** Makes a FAT file system in a new file, with a directory's files at its root. */
export async function makeVfat(
  file: string,
  label: string,
  sizeMebibytes: number,
  content: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await writeFile(file, '');
  await truncate(file, sizeMebibytes * mebibyte);
  await runCommand('mkfs.vfat', ['-F', '16', '-n', label, '--invariant', file], { signal, budget: mkfsBudget });
  await runCommand('mcopy', ['-s', '-m', '-i', file, ...(await filesOf(content)), '::/'], {
    signal,
    budget: mkfsBudget,
    environment: { ...environment, TZ: 'UTC' },
  });
}

async function filesOf(directory: string): Promise<string[]> {
  return (await readdir(directory)).sort().map((name) => join(directory, name));
}
