import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { makeScratch } from '../../qemu/disk/scratch.ts';
import { headBytes } from './head.ts';
import { specimen, specimenBytes } from './specimen.ts';

const kills = 20;
const program = join(import.meta.dirname, 'flash-program.ts');

/** Runs it until it has told so many steps, then kills it; how many it told, and whether it came to its end by itself. */
async function flashUntil(steps: number, image: string, target: string): Promise<{ told: number; ended: boolean }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, image, target], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let told = 0;
  for await (const _step of createInterface({ input: child.stdout })) {
    told += 1;
    if (told === steps) child.kill('SIGKILL');
  }
  const [code] = await exited;
  return { told, ended: code === 0 };
}

test('a flash killed at any moment leaves the disk as it was, without its first MiB, or whole', async (t) => {
  t.timeout(10 * 60_000);
  await using scratch = await makeScratch();
  const { disk } = specimen();
  const before = Buffer.alloc(specimenBytes, 0xff);
  const image = await scratch.write('image', disk);
  const target = await scratch.write('target', before);
  const whole = await flashUntil(Infinity, image, target);
  t.true(whole.ended);
  t.true(disk.equals(await scratch.read('target')));

  const left: string[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    await writeFile(target, before);
    // Spread over the flash, and by lot within each part of it: the moment is told with a failure.
    const moment = Math.max(1, Math.ceil(((kill + Math.random()) / kills) * whole.told));
    await flashUntil(moment, image, target);
    const content = await scratch.read('target');
    if (disk.equals(content)) left.push('whole');
    else if (before.equals(content)) left.push('untouched');
    else {
      left.push('no beginning');
      t.true(
        content.subarray(0, headBytes).every((byte) => byte === 0),
        `killed after step ${moment} of ${whole.told}`,
      );
    }
  }
  t.log(left.join(', '));
  t.true(left.filter((what) => what === 'no beginning').length > kills / 2, 'most of them came in the middle');
});
