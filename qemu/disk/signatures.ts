/** What a file is by its first bytes, for one that is no disk image: named, and what to do about it. */
export interface Signature {
  /** How it is compressed, by the name of the format; absent for what isn't. */
  compression?: 'gzip' | 'xz' | 'zstd' | 'bzip2' | 'zip';
  /** With its article: “a gzip-compressed file”. */
  name: string;
  advice: (file: string) => string;
}

interface Magic extends Signature {
  offset: number;
  bytes: string;
}

const unpackWith = (command: string) => (file: string) => `Unpack it first: ${command} ${file}`;
const other = () => 'Give the flash image itself, as it would be written to the SD card or disk.';

/** Latin-1 strings at offsets; file(1)'s magic is the source. */
const magics: Magic[] = [
  {
    compression: 'gzip',
    name: 'a gzip-compressed file',
    offset: 0,
    bytes: '\x1f\x8b',
    advice: unpackWith('gunzip --keep'),
  },
  {
    compression: 'xz',
    name: 'an xz-compressed file',
    offset: 0,
    bytes: '\xfd7zXZ\0',
    advice: unpackWith('xz --decompress --keep'),
  },
  {
    compression: 'zstd',
    name: 'a zstd-compressed file',
    offset: 0,
    bytes: '\x28\xb5\x2f\xfd',
    advice: unpackWith('zstd --decompress'),
  },
  {
    compression: 'bzip2',
    name: 'a bzip2-compressed file',
    offset: 0,
    bytes: 'BZh',
    advice: unpackWith('bunzip2 --keep'),
  },
  { compression: 'zip', name: 'a zip archive', offset: 0, bytes: 'PK\x03\x04', advice: unpackWith('unzip') },
  { name: 'an ELF program', offset: 0, bytes: '\x7fELF', advice: other },
  {
    name: 'an HTML page',
    offset: 0,
    bytes: '<!',
    advice: () => 'The download may have needed a login, or its address has changed.',
  },
  {
    name: 'an HTML page',
    offset: 0,
    bytes: '<html',
    advice: () => 'The download may have needed a login, or its address has changed.',
  },
  {
    name: 'a Git LFS pointer',
    offset: 0,
    bytes: 'version https://git-lfs',
    advice: () => 'Fetch the file it points to: git lfs pull',
  },
  { name: 'a squashfs file system', offset: 0, bytes: 'hsqs', advice: other },
  {
    name: 'a VMDK image',
    offset: 0,
    bytes: 'KDMV',
    advice: (file) => `Convert it: qemu-img convert -O raw ${file} disk.img`,
  },
  { name: 'a tar archive', offset: 257, bytes: 'ustar', advice: other },
  { name: 'an ext file system without a disk around it', offset: 1080, bytes: '\x53\xef', advice: other },
];

/** How many of a file's first bytes tell what it is. */
export const signatureBytes = 1082;

/** What the first bytes of a file say, of which it wants at least `signatureBytes`. */
export function recognise(head: Buffer): Signature | undefined {
  const text = head.toString('latin1');
  return magics.find((magic) => text.startsWith(magic.bytes, magic.offset));
}
