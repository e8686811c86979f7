export interface CpioEntry {
  /** Relative, without a leading slash. */
  path: string;
  type: 'file' | 'directory' | 'symlink';
  /** Permission bits. */
  mode: number;
  /** A file's bytes, a link's target. */
  content?: Buffer | string;
}

const typeBits = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const;

/**
 * A cpio archive in the “newc” format, as the kernel unpacks it (its Documentation/driver-api/early-userspace/buffer-format.rst).
 * All belong to root, all times are 0. Parents must come before what is in them.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.map((entry, index) =>
    record(entry.path, typeBits[entry.type] | entry.mode, index + 1, Buffer.from(entry.content ?? '')),
  );
  return Buffer.concat([...parts, record('TRAILER!!!', 0, 0, Buffer.alloc(0))]);
}

function record(name: string, mode: number, inode: number, content: Buffer): Buffer {
  const nameBytes = Buffer.from(`${name}\0`, 'utf8');
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, nameBytes.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`, 'latin1');
  return Buffer.concat([padded(Buffer.concat([header, nameBytes])), padded(content)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
