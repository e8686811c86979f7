import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { flash } from '../../../devices/index.ts';
import { imageUnderTest } from '../../../workers/index.ts';
import { ProgramFailed, programAt, Programs } from '../programs.ts';
import { beside, percentile, type Row, type Section } from '../row.ts';

/** Of a card of 4 GiB that is filled in part, as images for boards are. */
const diskBytes = 4 * 1024 ** 3;
const laps = 3;
const limits = { 'flash.zst': 1, 'flash.zst.verified': 1.25 } as const;

const section: Section = {
  name: 'flash',
  about: 'the reference image on a disk of 4 GiB, packed with zstd and raw, onto one loop device',
  async *rows(context) {
    await using programs = await Programs.open(context);
    const image = await imageUnderTest({ ...fromCache, signal: context.signal });
    const raw = join(context.directory, 'disk.img');
    await programs.finish('cp', ['--sparse=always', image.flash, raw]);
    await truncate(raw, diskBytes);
    const zst = `${raw}.zst`;
    await programs.finish('zstd', ['--quiet', '-3', '-T0', raw, '-o', zst]);
    const bmaptool = await programAt(['bmaptool']);
    const bmap = `${raw}.bmap`;
    if (bmaptool !== undefined) await programs.finish(bmaptool, ['create', '-o', bmap, raw]);
    await using target = await loopDevice(programs, context.directory);

    const ours = async (file: string, verify: 'none' | 'read-back') =>
      secondsOf(() =>
        flash({ image: file, target: target.path, bmap: bmaptool === undefined ? 'none' : { file: bmap }, verify, signal: context.signal }),
      );
    const seconds = { zst: [] as number[], verified: [] as number[], bmaptool: [] as number[], raw: [] as number[], dd: [] as number[] };
    for (let lap = 0; lap < laps; lap += 1) {
      if (bmaptool !== undefined) {
        seconds.bmaptool.push(await secondsOf(() => programs.finish(bmaptool, ['copy', '--bmap', bmap, zst, target.path])));
      }
      seconds.zst.push(await ours(zst, 'none'));
      seconds.verified.push(await ours(zst, 'read-back'));
    }
    seconds.raw.push(await ours(raw, 'none'));
    seconds.dd.push(
      await secondsOf(() => programs.finish('dd', [`if=${raw}`, `of=${target.path}`, 'bs=4M', 'oflag=direct', 'conv=fsync'])),
    );

    const none = 'bmaptool is not installed: apt-get install bmap-tools; without a bmap file all 4 GiB are written';
    const row = (id: keyof typeof limits, figures: number[], note: string): Row => {
      const figure = { id, unit: 's' as const, ours: percentile(figures, 0.5) };
      if (seconds.bmaptool.length === 0) return { ...figure, note: none };
      return beside({ ...figure, peer: percentile(seconds.bmaptool, 0.5), times: limits[id], note });
    };
    yield row('flash.zst', seconds.zst, `${target.kind}, not read back; peer: bmaptool copy`);
    yield row('flash.zst.verified', seconds.verified, 'read back; peer: bmaptool copy, which reads nothing back');
    yield beside({
      id: 'flash.raw',
      unit: 's',
      ours: percentile(seconds.raw, 0.5),
      peer: percentile(seconds.dd, 0.5),
      note: 'peer: dd, which writes the holes too',
    });
  },
};
export default section;

const fromCache = { type: 'qemux86-64', file: undefined, update: undefined, mirror: undefined, onStep: () => undefined };

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** A loop device over a file of its own, where the machine has any to give; else that file. */
async function loopDevice(programs: Programs, directory: string): Promise<AsyncDisposable & { path: string; kind: string }> {
  const file = join(directory, 'target.img');
  await programs.finish('truncate', ['-s', String(diskBytes), file]);
  try {
    const path = (await programs.finish('losetup', ['--find', '--show', file])).trim();
    // Not one of the section's programs: those that are broken off start no more.
    const detach = async () => void (await execa('losetup', ['--detach', path]));
    return { path, kind: 'a loop device', [Symbol.asyncDispose]: detach };
  } catch (error) {
    if (!(error instanceof ProgramFailed)) throw error;
    return { path: file, kind: 'a file', [Symbol.asyncDispose]: async () => undefined };
  }
}
