import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { budgets } from '../budgets.ts';
import { AwaitedTooLong } from '../errors.ts';
import { CommandFailed, ConnectionLost } from '../shell/errors.ts';
import type { Shell, ShellResult } from '../shell/shell.ts';
import { FakeSticks } from '../sticks/fake.ts';
import { InstallFailed, NothingInstalled, NoUpdateFile, UnknownSlotLayout } from './errors.ts';
import { hostSlots } from './host-slots.ts';

interface Said {
  label?: string;
  loader?: string;
  files?: string;
  busy?: string;
}

const grubenv = (part: number, pending: 0 | 1) =>
  `# GRUB Environment Block\nresin_root_part=${part}\nupgrade_available=${pending}\nbootcount=0\n`.padEnd(1024, '#');

/** What the command that reads the slots prints. */
function report({ label = 'resin-rootA', loader = grubenv(2, 0), files = '', busy = '' }: Said = {}): string {
  return `@label\n${label}\n${loader && `@loader GRUB\n${loader}`}\n@files\n${files}\n@version\nbalenaOS 8.0.2\n@busy\n${busy}\n`;
}

/** A device that answers by rule; the first rule whose text the command has. */
function scripted(rules: [has: string, answer: () => string | { exitCode: number; stderr: string }][]) {
  const commands: string[] = [];
  const uploads: string[] = [];
  const run = async (command: string): Promise<ShellResult> => {
    commands.push(command);
    const answer = rules.find(([has]) => command.includes(has))?.[1]() ?? '';
    const { exitCode, stderr } = typeof answer === 'string' ? { exitCode: 0, stderr: '' } : answer;
    return { command, stdout: typeof answer === 'string' ? answer : '', stderr, exitCode, milliseconds: 1 };
  };
  const host: Shell = {
    run,
    async check(command) {
      const result = await run(command);
      if (result.exitCode !== 0) throw new CommandFailed(result);
      return result.stdout.trimEnd();
    },
    upload: async (from, to) => void uploads.push(`${from} → ${to}`),
    download: () => Promise.reject(new RangeError('not part of this')),
    forward: () => Promise.reject(new RangeError('not part of this')),
    ready: async () => undefined,
    close: async () => undefined,
  };
  return { host, commands, uploads };
}

function slotsOf(host: Shell, { sticks, update }: { sticks?: FakeSticks; update?: string } = {}) {
  return hostSlots({ host, sticks, budgets: budgets(1), updateFile: async () => update });
}

test('the state, in one round trip', async (t) => {
  const files = 'rollback-altboot-triggered\nrollback-health-breadcrumb';
  const { host, commands } = scripted([['@label', () => report({ label: 'resin-rootB', loader: grubenv(3, 1), files })]]);
  t.deepEqual(await slotsOf(host).state(), {
    active: 'B',
    loader: { rootPart: 3, upgradeAvailable: true, bootcount: 0 },
    breadcrumbs: ['rollback-health-breadcrumb'],
    results: ['rollback-altboot-triggered'],
    osVersion: 'balenaOS 8.0.2',
    attemptsBeforeFallback: 1,
  });
  t.is(commands.length, 1);
});

test('a device of another layout is named, not guessed', async (t) => {
  const foreign = scripted([['@label', () => report({ label: 'rootfs' })]]);
  const label = await t.throwsAsync(slotsOf(foreign.host).state(), { instanceOf: UnknownSlotLayout });
  t.regex(label.message, /“rootfs”/);
  const loaderless = scripted([['@label', () => report({ loader: '' })]]);
  const loader = await t.throwsAsync(slotsOf(loaderless.host).state(), { instanceOf: UnknownSlotLayout });
  t.regex(loader.message, /no variables of a boot loader .*grubenv \(GRUB\).*resinOS_uEnv\.txt \(U-Boot\)/);
});

const lost = () => {
  throw new ConnectionLost('the SSH connection ended', { blame: 'product' });
};

test('settled: not while an update is pending, a unit is at work, or nobody answers', async (t) => {
  const answers = [
    () => report({ loader: grubenv(3, 1), files: 'rollback-health-breadcrumb' }),
    lost,
    () => report({ busy: 'rollback-altboot.service is activating' }),
    () => report({ files: 'rollback-altboot-triggered' }),
  ];
  let looks = 0;
  const { host } = scripted([['@label', () => answers[looks++]?.() ?? '']]);
  t.like(await slotsOf(host).settled({ timeout: 60_000 }), { active: 'A', results: ['rollback-altboot-triggered'] });
  t.is(looks, answers.length);

  const never = scripted([['@label', () => report({ loader: grubenv(3, 1) })]]);
  const late = await t.throwsAsync(slotsOf(never.host).settled({ timeout: 500 }), { instanceOf: AwaitedTooLong });
  t.regex(late.message, /"upgradeAvailable":true/);
});

test('a fault that finds nothing to break is the test’s mistake, one that can’t be made is the product’s', async (t) => {
  const empty = slotsOf(scripted([['/mnt/sysroot/inactive', () => ({ exitCode: 44, stderr: '' })]]).host);
  t.is((await t.throwsAsync(empty.damage('no-init'), { instanceOf: NothingInstalled })).blame, 'test');
  const stubborn = slotsOf(scripted([['/mnt/sysroot/inactive', () => ({ exitCode: 1, stderr: 'rm: Read-only file system\n' })]]).host);
  const error = await t.throwsAsync(stubborn.damage('no-init'), { instanceOf: NothingInstalled });
  t.is(error.blame, 'product');
  t.regex(error.message, /Read-only file system/);
});

test('an installer that fails is quoted', async (t) => {
  const { host, commands } = scripted([['hostapp-update', () => ({ exitCode: 1, stderr: 'writing\nhostapp-update: no room\n' })]]);
  const error = await t.throwsAsync(slotsOf(host).install("/run/it's.hostapp"), { instanceOf: InstallFailed });
  t.is(error.message, 'hostapp-update ended with exit code 1: hostapp-update: no room');
  t.deepEqual(commands, [String.raw`hostapp-update -f '/run/it'\''s.hostapp'`]);
});

test('an update travels on a stick, which is found again after a reboot and by another process', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'boardwalk-slots-'));
  const update = join(directory, 'update.hostapp');
  await writeFile(update, 'an OS');
  const sticks = new FakeSticks();
  const { host, commands } = scripted([['blkid', () => (sticks.plugged.size > 0 ? '/dev/sda1\n' : '')]]);
  const slots = slotsOf(host, { sticks, update });
  t.is(await slots.deliverUpdate(), '/run/boardwalk-update/update.hostapp');
  const [stick] = sticks.plugged;
  t.like(stick, { filesystem: 'ext4', label: 'bw-update' });
  t.is(Buffer.from((await stick?.readFile('update.hostapp')) ?? '').toString(), 'an OS');
  t.true(commands.at(-1)?.includes('mount -t ext4 -o ro /dev/sda1 /run/boardwalk-update'));

  await slotsOf(host, { sticks, update }).deliverUpdate();
  t.deepEqual([...sticks.plugged], [stick]);
  await slotsOf(host, { sticks, update }).discardUpdate();
  t.is(sticks.plugged.size, 0);

  await slots.deliverUpdate();
  await slots.discardUpdate();
  t.is(sticks.plugged.size, 0);
  await rm(directory, { recursive: true });
});

test('without sticks an update is uploaded; without a file there is none', async (t) => {
  const { host, uploads } = scripted([]);
  t.is(await slotsOf(host, { update: '/bench/update.hostapp' }).deliverUpdate(), '/mnt/data/boardwalk-update');
  t.deepEqual(uploads, ['/bench/update.hostapp → /mnt/data/boardwalk-update']);
  await t.throwsAsync(slotsOf(host).deliverUpdate(), { instanceOf: NoUpdateFile });
});
