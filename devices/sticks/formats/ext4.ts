import { randomUUID } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FileNotOnStick, StickFailed } from '../errors.ts';
import { partitionStart } from '../partition-table.ts';
import { tool, type ToolResult } from '../tool.ts';
import type { Format } from './format.ts';

/** What kernels and loaders have read since 2010; e2fsprogs' own choice grows with its version. */
const features = 'none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,flex_bg,sparse_super,large_file,dir_nlink,extra_isize';
/** How e2fsprogs names a file system inside an image. */
const inside = (image: string) => `${image}?offset=${partitionStart}`;

export const ext4: Format = {
  partitionType: 0x83,
  programs: ['mke2fs', 'debugfs', 'e2fsck'],
  longestLabel: 16,
  uuidPattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  randomUuid: randomUUID,

  async make(image, { label, uuid, partitionKiB, content }) {
    const named = label === undefined ? [] : ['-L', label];
    const extended = `offset=${partitionStart},root_owner=0:0`;
    const args = ['-q', '-F', '-t', 'ext4', '-O', features, '-U', uuid, ...named, '-E', extended, '-d', content];
    await tool('mke2fs', [...args, image, `${partitionKiB}k`]);
  },

  readFile(image, path) {
    return withJournalReplayed(image, async (filesystem) => (await debugfs(filesystem, 'cat', path)).stdout);
  },

  list(image) {
    return withJournalReplayed(image, async (filesystem) => {
      const files: string[] = [];
      const directories = [''];
      for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
        for (const { name, isDirectory } of await entries(filesystem, directory)) {
          const path = directory === '' ? name : `${directory}/${name}`;
          if (!isDirectory) files.push(path);
          else if (path !== 'lost+found') directories.push(path);
        }
      }
      return files.sort();
    });
  },
};

/** The lines of `ls -p` are /inode/mode in octal/uid/gid/name/size/; a directory's size is empty. */
async function entries(filesystem: string, directory: string): Promise<{ name: string; isDirectory: boolean }[]> {
  const { stdout } = await debugfs(filesystem, 'ls -p', directory);
  return stdout
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [, , mode, , , name] = line.split('/');
      if (mode === undefined || name === undefined || name === '.' || name === '..') return [];
      return [{ name, isDirectory: mode.startsWith('04') }];
    });
}

async function debugfs(filesystem: string, verb: string, path: string): Promise<ToolResult> {
  const request = `${verb} ${quoted(`/${path}`)}`;
  const result = await tool('debugfs', ['-R', request, filesystem], [0, 1]);
  if (/: File not found by /.test(result.stderr)) throw new FileNotOnStick(path, result.stderr);
  // The exit code says no more than that there is a file system; after the banner, every line on stderr is a complaint.
  const complaint = result.stderr.split('\n').find((line) => line !== '' && !line.startsWith('debugfs '));
  if (complaint === undefined) return result;
  throw new StickFailed(`${request}: ${complaint}`, {
    blame: 'product',
    evidence: [{ kind: 'command', text: `$ debugfs -R '${request}' ${filesystem}\n${result.stderr}` }],
    advice: 'Did the device format or damage the stick?',
  });
}

/** debugfs takes a word in double quotes, and knows no way to quote those. */
function quoted(path: string): string {
  if (path.includes('"'))
    throw new StickFailed(`debugfs can't name ${path}`, { blame: 'test', advice: 'Use a name without quotation marks.' });
  return `"${path}"`;
}

/**
 * A stick that was pulled while it was mounted has its last writes in its journal alone. Replays it on a copy, as the next
 * insertion would do on the stick, and reads that.
 * @param read gets the file system's name for e2fsprogs.
 */
async function withJournalReplayed<T>(image: string, read: (filesystem: string) => Promise<T>): Promise<T> {
  if (!(await needsRecovery(image))) return read(inside(image));
  const directory = await mkdtemp(join(dirname(image), 'replayed-'));
  try {
    // The partition alone: having replayed the journal, e2fsck 1.47 opens the file anew and forgets the offset.
    const copy = join(directory, 'partition.img');
    await tool('dd', [`if=${image}`, `of=${copy}`, 'bs=1M', `skip=${partitionStart / (1024 * 1024)}`, 'conv=sparse', 'status=none']);
    // 1: errors were put right.
    await tool('e2fsck', ['-f', '-y', copy], [0, 1]);
    return await read(copy);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** EXT3_FEATURE_INCOMPAT_RECOVER in s_feature_incompat. Source: the kernel's Documentation/filesystems/ext4/super.rst. */
async function needsRecovery(image: string): Promise<boolean> {
  const superblock = partitionStart + 1024;
  const file = await open(image);
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, superblock + 0x60);
    return (buffer.readUInt32LE(0) & 0x4) !== 0;
  } finally {
    await file.close();
  }
}
