import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contractTests, type DeclareTest } from '../every.contract.ts';
import { DeviceError } from '../errors.ts';
import type { StickFilesystem, Sticks } from './sticks.ts';

export interface SticksUnderTest {
  sticks: Sticks;
  /** How many sticks are in the device's port, as the device's side can tell. */
  plugged: () => Promise<number>;
  release: () => Promise<void>;
}

/** What any bench promises of sticks. */
export function sticksContract(test: DeclareTest, name: string, make: () => Promise<SticksUnderTest>): void {
  const contract = contractTests(test, name, make);

  const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256);
  const given: { filesystem: StickFilesystem; label: string; uuid: string; any: RegExp }[] = [
    { filesystem: 'vfat', label: 'DATA', uuid: '5E1F-0A01', any: /^[0-9A-F]{4}-[0-9A-F]{4}$/ },
    { filesystem: 'ext4', label: 'logs', uuid: '1b4e28ba-2fa1-41d2-883f-0016d3cca427', any: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ },
  ];
  for (const { filesystem, label, uuid, any } of given) {
    contract(`a ${filesystem} stick holds what it was made with`, async (t, { sticks }) => {
      const files = { 'hello.txt': 'hello\n', 'a directory/with a Long name.bin': bytes };
      const stick = await sticks.create({ filesystem, label, uuid, files });
      t.like(stick, { filesystem, label, uuid, inserted: false });
      t.deepEqual(await stick.list(), ['a directory/with a Long name.bin', 'hello.txt']);
      t.is(Buffer.from(await stick.readFile('hello.txt')).toString(), 'hello\n');
      t.deepEqual(Buffer.from(await stick.readFile('/a directory/with a Long name.bin')), Buffer.from(bytes));
    });

    contract(`an empty ${filesystem} stick has a UUID of its own and no label`, async (t, { sticks }) => {
      const [one, other] = [await sticks.create({ filesystem }), await sticks.create({ filesystem })];
      t.regex(one.uuid, any);
      t.regex(other.uuid, any);
      t.not(one.uuid, other.uuid);
      t.not(one.id, other.id);
      t.is(one.label, undefined);
      t.deepEqual(await one.list(), []);
    });

    contract(`a file of the bench gets on a ${filesystem} stick`, async (t, { sticks }) => {
      const directory = await mkdtemp(join(tmpdir(), 'sticks-contract-'));
      t.teardown(() => rm(directory, { recursive: true }));
      const source = join(directory, 'update.bin');
      await writeFile(source, bytes);
      const stick = await sticks.create({ filesystem, sizeMiB: 16, hostFiles: { 'updates/next.bin': source } });
      t.deepEqual(await stick.list(), ['updates/next.bin']);
      t.deepEqual(Buffer.from(await stick.readFile('updates/next.bin')), Buffer.from(bytes));
    });

    contract(`a file that isn't on the ${filesystem} stick is an error that names it`, async (t, { sticks }) => {
      const stick = await sticks.create({ filesystem, files: { here: 'x' } });
      await t.throwsAsync(stick.readFile('there'), { instanceOf: DeviceError, name: 'FileNotOnStick', message: /there.*not found/i });
    });

    contract(`what doesn't fit on a ${filesystem} stick is an error`, async (t, { sticks }) => {
      await t.throwsAsync(sticks.create({ filesystem, sizeMiB: 4, files: { big: new Uint8Array(8 * 1024 * 1024).fill(1) } }), {
        instanceOf: DeviceError,
      });
    });
  }

  contract('says which file systems it makes', async (t, { sticks }) => {
    const names = await sticks.filesystems();
    t.true(names.includes('vfat') && names.includes('ext4') && names.includes('none'));
  });

  contract('refuses what a stick can’t be', async (t, { sticks }) => {
    await t.throwsAsync(sticks.create({ filesystem: 'vfat', label: 'longer than eleven' }), {
      instanceOf: DeviceError,
      message: /too long/,
    });
    await t.throwsAsync(sticks.create({ filesystem: 'ext4', uuid: '5E1F-0A01' }), { instanceOf: DeviceError, message: /no UUID/ });
    await t.throwsAsync(sticks.create({ filesystem: 'none', files: { a: 'b' } }), { instanceOf: DeviceError, message: /file system/ });
    await t.throwsAsync(sticks.create({ filesystem: 'vfat', files: { '../a': 'b' } }), { instanceOf: DeviceError, message: /no path/ });
    await t.throwsAsync(sticks.create({ filesystem: 'vfat', sizeMiB: 1 }), { instanceOf: DeviceError, message: /1 MiB/ });
  });

  contract('a stick goes in and out, and in again', async (t, { sticks, plugged }) => {
    const stick = await sticks.create({ filesystem: 'vfat' });
    t.is(await plugged(), 0);
    for (const round of [1, 2]) {
      await stick.insert();
      await stick.insert();
      t.true(stick.inserted, `round ${round}`);
      t.is(await plugged(), 1);
      await stick.pull();
      await stick.pull();
      t.false(stick.inserted);
      t.is(await plugged(), 0);
    }
  });

  contract('two sticks are in at once', async (t, { sticks, plugged }) => {
    const [one, other] = [await sticks.create({ filesystem: 'vfat' }), await sticks.create({ filesystem: 'none' })];
    await Promise.all([one.insert(), other.insert()]);
    t.is(await plugged(), 2);
    await one.pull();
    t.is(await plugged(), 1);
    t.true(other.inserted);
  });

  contract('a stick without a file system can be plugged but not read', async (t, { sticks, plugged }) => {
    const stick = await sticks.create({ filesystem: 'none' });
    t.is(stick.uuid, '');
    await stick.insert();
    t.is(await plugged(), 1);
    await t.throwsAsync(stick.list(), { instanceOf: DeviceError });
  });

  contract('a discarded stick is out and unreadable', async (t, { sticks, plugged }) => {
    const stick = await sticks.create({ filesystem: 'vfat', files: { a: 'b' } });
    await stick.insert();
    await stick.discard();
    t.is(await plugged(), 0);
    t.false(stick.inserted);
    await t.throwsAsync(stick.readFile('a'), { instanceOf: DeviceError });
    await t.throwsAsync(stick.insert(), { instanceOf: DeviceError });
  });

  contract('clear discards every stick', async (t, { sticks, plugged }) => {
    const [one, other] = [await sticks.create({ filesystem: 'vfat', files: { a: 'b' } }), await sticks.create({ filesystem: 'none' })];
    await one.insert();
    await other.insert();
    await sticks.clear();
    t.is(await plugged(), 0);
    t.false(one.inserted);
    t.false(other.inserted);
    await t.throwsAsync(one.readFile('a'), { instanceOf: DeviceError });
  });
}
