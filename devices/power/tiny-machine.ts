import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selectAccelerator, startMachine, takeCustody, type Machine } from '../../qemu/index.ts';

/** What the tiny machine says on its serial port at each power-on. */
export const tinyGreeting = 'tiny machine is up';

/** A boot sector that greets on COM1 and halts. */
function bootSector(): Buffer {
  const letters = [...Buffer.from(`${tinyGreeting}\r\n`)].flatMap((letter) => [0xb0, letter, 0xee]); // mov al, letter; out dx, al
  const code = [0xba, 0xf8, 0x03, ...letters, 0xfa, 0xf4, 0xeb, 0xfd]; // mov dx, 0x3f8 … cli; hlt; jmp -3
  const sector = Buffer.alloc(512);
  sector.set(code);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

export interface TinyBoard {
  /** A directory of the board's own. */
  directory: string;
  /** A paused machine over the board's disk, as often as it is asked for. */
  start(): Promise<Machine>;
  release(): Promise<void>;
}

/** The smallest board that boots: for tests of what is done to machines from outside. */
export async function tinyBoard(id: string): Promise<TinyBoard> {
  const directory = await mkdtemp(join(tmpdir(), 'tiny-'));
  const disk = join(directory, 'disk.img');
  // QEMU wants room for a partition table that ends somewhere.
  await writeFile(disk, Buffer.concat([bootSector(), Buffer.alloc(1024 * 1024 - 512)]));
  const custody = await takeCustody({ name: id });
  const accelerator = await selectAccelerator();
  return {
    directory,
    start: () =>
      startMachine({
        id,
        custody,
        accelerator,
        disk: { file: disk, format: 'raw' },
        forwards: {},
        log: join(directory, 'qemu.log'),
        cpus: 1,
        memoryMiB: 64,
      }),
    async release() {
      await custody.release();
      await rm(directory, { recursive: true });
    },
  };
}
