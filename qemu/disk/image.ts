import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

import { ImageError } from './errors.ts';
import { partitionTableBytes, readPartitionTable } from './partition-table.ts';
import { qcow2Magic, readQcow2 } from './qcow2.ts';
import { recognise } from './signatures.ts';

export type Firmware = 'bios' | 'efi';

/** What a disk image file holds, as far as its headers tell. */
export interface DiskImage {
  file: string;
  format: 'raw' | 'qcow2';
  /** Size of the file and of the disk in it, in bytes. */
  fileBytes: number;
  diskBytes: number;
  /** Undefined for a qcow2 image, which isn't looked into. */
  partitionTable: 'gpt' | 'mbr' | undefined;
  /**
   * The firmwares that find a boot loader on it: BIOS by boot code in the first sector, EFI by an EFI system partition.
   * Undefined for a qcow2 image. The boot ROMs of boards have rules of their own.
   */
  boots: Firmware[] | undefined;
}

/**
 * Looks at a flash image: a raw disk with an MBR or a GPT, or qcow2. Throws ImageError, in one sentence, for anything else:
 * missing, unreadable, empty, compressed, cut short, not a disk image.
 */
export async function inspectImage(file: string): Promise<DiskImage> {
  const { fileBytes, head } = await readHead(file);
  if (fileBytes === 0) {
    throw new ImageError(file, 'empty', `${file} is empty: expected a disk image`, { advice: 'Build or download it again.' });
  }
  return head.toString('latin1', 0, 4) === qcow2Magic ? inspectQcow2(file, fileBytes) : inspectRaw(file, fileBytes, head);
}

/** Throws ImageError if that firmware would find no boot loader on the image. */
export function demandBootable(image: DiskImage, firmware: Firmware): void {
  if (image.boots === undefined || image.boots.includes(firmware)) return;
  const found =
    image.boots.length === 0
      ? 'neither boot code in its first sector nor an EFI system partition'
      : `a boot loader for ${image.boots.join()} only`;
  throw new ImageError(image.file, 'not-bootable', `${image.file} can't be booted by ${firmware.toUpperCase()}: it has ${found}`, {
    advice: 'Give a whole flash image made for this device type.',
  });
}

/**
 * What the first 17 KiB of a disk tell that comes out of a file: where it ends at the earliest, in bytes. Throws ImageError if there is no
 * partition table in them.
 */
export function demandPartitionTable(file: string, head: Buffer): { endsAt: number } {
  const table = readPartitionTable(head);
  if (table === undefined) throw notADisk(file, 'nothing like it in its first bytes', head);
  return { endsAt: table.endsAt };
}

function inspectRaw(file: string, fileBytes: number, head: Buffer): DiskImage {
  const table = readPartitionTable(head);
  if (table === undefined) throw notADisk(file, `${bytes(fileBytes)} bytes without a partition table`, head);
  if (fileBytes < table.endsAt) throw cutShort(file, fileBytes, table.endsAt, `its ${table.kind.toUpperCase()} partition table`);
  const boots: Firmware[] = [...(table.bootCode ? ['bios' as const] : []), ...(table.efiSystemPartition ? ['efi' as const] : [])];
  return { file, format: 'raw', fileBytes, diskBytes: fileBytes, partitionTable: table.kind, boots };
}

async function inspectQcow2(file: string, fileBytes: number): Promise<DiskImage> {
  const { diskBytes, endsAt, damage } = await readQcow2(file);
  if (fileBytes < endsAt) throw cutShort(file, fileBytes, endsAt, 'its qcow2 tables');
  if (damage !== undefined) {
    throw new ImageError(file, 'truncated', `${file} is a damaged qcow2 image: ${damage}`, { advice: 'Build or download it again.' });
  }
  return { file, format: 'qcow2', fileBytes, diskBytes, partitionTable: undefined, boots: undefined };
}

function cutShort(file: string, fileBytes: number, endsAt: number, announcedBy: string): ImageError {
  return new ImageError(
    file,
    'truncated',
    `${file} ends after ${bytes(fileBytes)} of ${bytes(endsAt)} bytes announced by ${announcedBy}: a download cut short?`,
    {
      advice: 'Build or download it again.',
    },
  );
}

function notADisk(file: string, otherwise: string, head: Buffer): ImageError {
  const signature = recognise(head);
  const found = signature?.name ?? otherwise;
  return new ImageError(
    file,
    signature?.compression === undefined ? 'not-a-disk-image' : 'compressed',
    `${file} is not a disk image: expected an MBR or GPT partition table, or qcow2, found ${found}`,
    { advice: signature?.advice(file) ?? 'Give the flash image itself, as it would be written to the SD card or disk.' },
  );
}

async function readHead(file: string): Promise<{ fileBytes: number; head: Buffer }> {
  const handle = await openImage(file);
  try {
    const entry = await handle.stat();
    if (!entry.isFile()) {
      throw new ImageError(file, 'not-a-disk-image', `${file} is not a file: expected a disk image`, {
        advice: 'Give the path of the image itself.',
      });
    }
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(partitionTableBytes), 0, partitionTableBytes, 0);
    return { fileBytes: entry.size, head: buffer.subarray(0, bytesRead) };
  } finally {
    await handle.close();
  }
}

async function openImage(file: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, a FIFO given by mistake would hold us for ever.
    return await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw missing
      ? new ImageError(file, 'missing', `there is no ${file}: expected a disk image`, { advice: 'Check the path.', cause })
      : new ImageError(file, 'unreadable', `${file} can't be read (${cause instanceof Error ? cause.message : String(cause)})`, {
          advice: 'Check its permissions.',
          cause,
        });
  }
}

function bytes(count: number): string {
  return count.toLocaleString('en-US');
}
