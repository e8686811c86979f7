import { once } from 'node:events';
import { appendFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { SerialPort } from 'serialport';
import { selectAccelerator } from '../accelerator/select.ts';
import { takeCustody } from '../custody/take.ts';
import { inspectImage } from '../disk/image.ts';
import { createOverlay } from '../disk/overlay.ts';
import type { MachineSpec } from '../machine/machine.ts';
import { startMachine } from '../machine/start.ts';
import { greeting, tinyGuestDisk } from '../machine/tiny-guest.ts';
import { findSnapshot } from './find.ts';
import type { SnapshotSubject } from './identity.ts';
import { keepSnapshot } from './keep.ts';
import { pruneSnapshots } from './prune.ts';
import type { Snapshot } from './snapshot.ts';

/** One QEMU at a time: the host may be small. */
const serial = test.serial;

interface Workshop {
  snapshots: string;
  spec: MachineSpec;
  subject: SnapshotSubject;
  overlayOver(base: { file: string; format: 'raw' | 'qcow2'; diskBytes: number }, name: string): Promise<MachineSpec['disk']>;
}

async function workshop(t: ExecutionContext): Promise<Workshop> {
  const directory = await mkdtemp(join(tmpdir(), 'snapshot, test-'));
  const custody = await takeCustody({ root: directory, name: 'snapshot-test' });
  t.teardown(async () => {
    await custody.release();
    await rm(directory, { recursive: true });
  });
  const base = join(directory, 'base.img');
  await writeFile(base, tinyGuestDisk());
  const overlayOver: Workshop['overlayOver'] = async (under, name) => {
    const file = join(custody.directory, name);
    await createOverlay({ base: under, file });
    return { file, format: 'qcow2' };
  };
  const spec: MachineSpec = {
    id: 'tiny',
    custody,
    accelerator: await selectAccelerator(),
    disk: await overlayOver(await inspectImage(base), 'first.qcow2'),
    forwards: { ssh: { guest: 22222 } },
    log: join(directory, 'qemu.log'),
    memoryMiB: 64,
  };
  return {
    snapshots: join(directory, 'snapshots'),
    spec,
    subject: { spec, base: { file: base, sha256: 'of the tiny guest' } },
    overlayOver,
  };
}

/** Runs a machine until its guest has greeted twice, and gives what its console said. */
async function greeted(spec: MachineSpec, then: (machine: Awaited<ReturnType<typeof startMachine>>) => Promise<unknown>): Promise<string> {
  await using machine = await startMachine(spec);
  const port = new SerialPort({ path: machine.console, baudRate: 115_200, hupcl: false });
  await once(port, 'open');
  let text = '';
  port.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
  });
  await machine.run();
  while (text.split(greeting).length < 3) await once(port, 'data');
  await then(machine);
  // Where the machine is gone by now, so is its port.
  if (port.isOpen) {
    const closed = once(port, 'close');
    port.close();
    await closed;
  }
  return text;
}

async function keep({ snapshots, spec, subject }: Workshop): Promise<Snapshot> {
  let kept: Snapshot | undefined;
  await greeted(spec, async (machine) => {
    kept = await keepSnapshot({ parent: snapshots, machine, overlay: spec.disk.file, notes: { seen: 'a greeting' }, ...subject });
  });
  if (kept === undefined) throw new RangeError('unreachable');
  return kept;
}

serial('a machine goes on where it was kept, as often as wanted, and knows nothing of its firmware', async (t) => {
  const shop = await workshop(t);
  t.deepEqual(await findSnapshot(shop.snapshots, shop.subject), { snapshot: undefined, reason: undefined });
  const kept = await keep(shop);
  t.deepEqual(await findSnapshot(shop.snapshots, shop.subject), { snapshot: kept });
  t.deepEqual(kept.notes, { seen: 'a greeting' });
  for (const copy of ['one', 'two']) {
    const disk = await shop.overlayOver(kept.disk, `${copy}.qcow2`);
    const text = await greeted({ ...shop.spec, id: copy, disk, memory: kept.memory }, async (machine) =>
      t.is(await machine.status(), 'running'),
    );
    t.notRegex(text, /SeaBIOS/);
  }
  t.deepEqual(await findSnapshot(shop.snapshots, shop.subject), { snapshot: kept }, 'none of them has written to its memory or disk');
});

serial('one that was made for another machine, or is damaged, is refused with the reason', async (t) => {
  const shop = await workshop(t);
  const kept = await keep(shop);
  const larger = await findSnapshot(shop.snapshots, { ...shop.subject, spec: { ...shop.spec, memoryMiB: 65 } });
  t.deepEqual(larger, { snapshot: undefined, reason: 'it was made for another machine: “64”, and not “65”' });
  const otherBase = await findSnapshot(shop.snapshots, { ...shop.subject, base: { ...shop.subject.base, sha256: 'of another' } });
  t.deepEqual(otherBase, { snapshot: undefined, reason: undefined });
  // What a machine writes that was started over the disk itself, and not over an overlay of it.
  await appendFile(kept.disk.file, 'x');
  t.deepEqual(await findSnapshot(shop.snapshots, shop.subject), { snapshot: undefined, reason: 'its disk was changed since' });
  t.deepEqual(await findSnapshot(shop.snapshots, shop.subject), { snapshot: undefined, reason: undefined }, 'and was removed');
});

serial('one whose memory lost a byte is refused', async (t) => {
  const shop = await workshop(t);
  const { memory } = await keep(shop);
  const bytes = await readFile(memory.bytes);
  const written = bytes.findIndex((byte) => byte !== 0);
  await using file = await open(memory.bytes, 'r+');
  await file.write(Buffer.from([(bytes[written] ?? 0) ^ 1]), 0, 1, written);
  t.deepEqual(await findSnapshot(shop.snapshots, shop.subject), { snapshot: undefined, reason: 'its memory file is damaged' });
});

serial('one that another version of boardwalk kept is refused', async (t) => {
  const shop = await workshop(t);
  const { directory } = await keep(shop);
  const manifest = join(directory, 'snapshot.json');
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('"format": 2', '"format": 1'));
  t.like(await findSnapshot(shop.snapshots, shop.subject), {
    snapshot: undefined,
    reason: `it can't be read: ${manifest} isn't what this boardwalk writes`,
  });
});

serial('a snapshot goes when its image is gone, and not before', async (t) => {
  const shop = await workshop(t);
  await keep(shop);
  t.is(await pruneSnapshots(shop.snapshots), 0);
  t.truthy((await findSnapshot(shop.snapshots, shop.subject)).snapshot);
  await rm(shop.subject.base.file);
  t.true((await pruneSnapshots(shop.snapshots)) > 0);
  t.deepEqual(await findSnapshot(shop.snapshots, shop.subject), { snapshot: undefined, reason: undefined });
});

serial('a memory that no QEMU wrote ends the start with QEMU’s own words', async (t) => {
  const shop = await workshop(t);
  const nothing = join(shop.spec.custody.directory, 'nothing');
  await writeFile(nothing, 'no memory of any machine');
  const failure = await t.throwsAsync(startMachine({ ...shop.spec, memory: { stream: nothing } }));
  t.regex(failure.message, /tiny did not start: .*(Not a migration stream|restored from|ended at start)/);
});
