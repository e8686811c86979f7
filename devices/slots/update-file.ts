import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Shell } from '../shell/shell.ts';
import type { Stick, Sticks } from '../sticks/sticks.ts';
import { observed } from '../waiting.ts';
import { NoUpdateFile } from './errors.ts';

export interface UpdateFileOptions {
  host: Shell;
  sticks: Sticks | undefined;
  /** Path on this side; undefined where the image under test has none. */
  updateFile: () => Promise<string | undefined>;
  /** Milliseconds from insertion until the host sees the stick: right after a boot it is still loading the drivers for it. */
  arrivalBudget: number;
}

/** ext4 labels have at most 16 characters. */
const label = 'bw-update';
const mountPoint = '/run/boardwalk-update';
/** Not in /tmp, which is memory. */
const uploadedTo = '/mnt/data/boardwalk-update';
/** ext4's own tables, and some air. */
const overheadMiB = 64;
const lookAgainEvery = 500;

/** Brings an update file to the device: on a USB stick where the bench has sticks, else over SSH into the data partition. */
export function updateFileDelivery({ host, sticks, updateFile, arrivalBudget }: UpdateFileOptions): {
  deliver(): Promise<string>;
  discard(): Promise<void>;
} {
  let stick: Stick | undefined;

  async function onStick(carrier: Sticks, file: string): Promise<string> {
    const name = basename(file);
    // 1. It may be plugged in already, by a test before a reboot or in another process.
    let device = await findStick();
    if (device === undefined) {
      const sizeMiB = Math.ceil((await stat(file)).size / 1024 ** 2) + overheadMiB;
      const made = await carrier.create({ filesystem: 'ext4', label, sizeMiB, hostFiles: { [name]: file } });
      stick = made;
      await made.insert();
      device = await observed({
        awaited: `the update stick (${made.uuid}) on the device`,
        budget: arrivalBudget,
        interval: lookAgainEvery,
        blame: 'infra',
        advice: 'Does the kernel’s log on the device tell of a new USB disk?',
        look: async () => {
          const found = await findStick();
          return found === undefined ? 'no partition of that label' : { found };
        },
      }).catch(async (error: unknown) => {
        await made.discard();
        throw error;
      });
    }
    // 2. Read-only, so that nothing on it changes under the update; unless a container that mounts all sticks was faster and has it writable.
    const mount = `{ mount -t ext4 -o ro ${device} ${mountPoint} 2>/dev/null || mount -t ext4 ${device} ${mountPoint}; }`;
    await host.check(`mountpoint -q ${mountPoint} || { mkdir -p ${mountPoint} && ${mount}; }`);
    return `${mountPoint}/${name}`;
  }

  async function findStick(): Promise<string | undefined> {
    const { stdout, exitCode } = await host.run(`blkid -c /dev/null -t LABEL=${label} -o device | head -n 1`);
    return exitCode === 0 && stdout.trim() !== '' ? stdout.trim() : undefined;
  }

  return {
    async deliver() {
      const file = await updateFile();
      if (file === undefined) {
        throw new NoUpdateFile('the image under test came without a file to update to', {
          blame: 'test',
          advice: 'Let the test need `slots`: it is then skipped where there is none.',
        });
      }
      if (sticks !== undefined) return onStick(sticks, file);
      await host.upload(file, uploadedTo);
      return uploadedTo;
    },
    async discard() {
      await host.check(`if mountpoint -q ${mountPoint}; then umount ${mountPoint}; fi; rm -rf ${mountPoint} ${uploadedTo}`);
      await stick?.discard();
      stick = undefined;
      // Made by a process that is gone: nobody has a handle on it any more.
      if (sticks !== undefined && (await findStick()) !== undefined) await sticks.clear();
    },
  };
}
