import test from 'ava';
import { BootWatcher } from './boots.ts';
import { LineReader } from './lines.ts';

/** A watcher, and what the console said to it: one second passes with each line. */
function watch() {
  const watcher = new BootWatcher();
  const lines = new LineReader();
  let offset = 0;
  let at = 0;
  const say = (...texts: string[]) => {
    for (const text of texts) {
      const bytes = Buffer.from(text.endsWith(': ') ? text : `${text}\r\n`);
      at += 1000;
      for (const line of lines.read(bytes, offset, at)) watcher.read(line);
      offset += bytes.length;
    }
  };
  const kinds = () => watcher.faults.map(({ kind }) => kind);
  const stages = () => watcher.boots.map((boot) => boot.stages.map(({ name }) => name).join(' '));
  return { watcher, say, kinds, stages, powerOn: () => watcher.poweredOn(at, offset) };
}

const boot = [
  '\u001B[2J\u001B[1;1HSeaBIOS (version 1.16.2-debian-1.16.2-1)',
  'Booting from Hard Disk...',
  'GRUB loading.',
  'Welcome to GRUB!',
  '[    0.000000] Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org)',
  '[    1.234567] systemd[1]: Hostname set to <board>.',
  'Welcome to \u001B[1mDebian GNU/Linux\u001B[0m!',
  'board login: ',
];
const everyStage = 'firmware loader kernel init login';
const orderly = ['\nsystemd-shutdown[1]: Syncing filesystems and block devices.', '[   41.220] reboot: Restarting system'];

test('a boot from power-on, stage by stage', (t) => {
  const { watcher, say, stages, kinds, powerOn } = watch();
  powerOn();
  say(...boot);
  t.deepEqual(stages(), [everyStage]);
  t.deepEqual(kinds(), []);
  const [timeline] = watcher.boots;
  t.is(timeline?.startedAt, 0);
  t.deepEqual(
    timeline?.stages.map(({ at }) => at),
    [1000, 3000, 5000, 6000, 8000],
  );
});

test('an orderly reboot begins with the first byte after the last line, and is no fault', (t) => {
  const { watcher, say, stages, kinds, powerOn } = watch();
  powerOn();
  say(...boot, ...orderly, '[   41.221] reboot: machine restart', ...boot);
  t.deepEqual(stages(), [everyStage, everyStage]);
  t.deepEqual(kinds(), []);
  t.is(watcher.boots[1]?.startedAt, 12_000);
});

test('a reset that nobody announced is a fault, one that was announced isn’t', (t) => {
  const { watcher, say, stages, kinds, powerOn } = watch();
  powerOn();
  say(...boot, '', ...boot);
  t.deepEqual(stages(), [everyStage, everyStage]);
  t.deepEqual(kinds(), ['unexpected-reset']);
  t.regex(watcher.faults[0]?.line ?? '', /SeaBIOS/);
  watcher.announceReset();
  say('', ...boot);
  t.deepEqual(kinds(), ['unexpected-reset']);
  say('', ...boot);
  t.deepEqual(kinds(), ['unexpected-reset', 'unexpected-reset']);
});

test('a panic is a fault, the reset that follows isn’t another', (t) => {
  const { say, stages, kinds, powerOn } = watch();
  powerOn();
  say(
    ...boot,
    '\n[   12.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100',
    '[   12.2] ---[ end Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100 ]---',
    '[   13.2] Rebooting in 1 seconds..',
    ...boot,
  );
  t.deepEqual(stages(), [everyStage, everyStage]);
  t.deepEqual(kinds(), ['panic']);
});

test('power switched off and on is no fault', (t) => {
  const { say, stages, kinds, powerOn } = watch();
  powerOn();
  say(...boot.slice(0, 4));
  powerOn();
  say(...boot);
  t.deepEqual(stages(), ['firmware loader', everyStage]);
  t.deepEqual(kinds(), []);
});

test('a loop in the firmware is seen', (t) => {
  const { say, kinds, powerOn } = watch();
  powerOn();
  say(...boot.slice(0, 2), ...boot.slice(0, 2), ...boot.slice(0, 2));
  t.deepEqual(kinds(), ['unexpected-reset', 'unexpected-reset']);
});

test('a board with U-Boot, and a kernel alone', (t) => {
  const board = watch();
  board.powerOn();
  board.say('U-Boot SPL 2023.01 (Jan 09 2023)', 'U-Boot 2023.01 (Jan 09 2023)', 'Starting kernel ...', 'board login: ');
  board.say('', 'U-Boot SPL 2023.01 (Jan 09 2023)');
  t.deepEqual(board.stages(), ['firmware loader kernel login', 'firmware']);
  t.deepEqual(board.kinds(), ['unexpected-reset']);
  const kernel = watch();
  kernel.say(boot[4] ?? '', 'board login: ', '', boot[4] ?? '');
  t.deepEqual(kernel.stages(), ['kernel login', 'kernel']);
  t.deepEqual(kernel.kinds(), ['unexpected-reset']);
});

test('the kernel’s log, printed by somebody, is neither a boot nor new trouble', (t) => {
  const oops = '[    8.100000] BUG: kernel NULL pointer dereference, address: 0000000000000008';
  const { say, stages, kinds, powerOn } = watch();
  powerOn();
  say(...boot, '', oops, boot[4] ?? '', boot[5] ?? '', oops);
  t.deepEqual(stages(), [everyStage]);
  t.deepEqual(kinds(), ['oops']);
});

const troubles: [kind: string, line: string][] = [
  ['oops', '[    8.1] Oops: 0002 [#1] PREEMPT SMP NOPTI'],
  ['oops', '[    8.1] Internal error: Oops: 96000005 [#1] SMP'],
  ['oops', '[    8.1] kernel BUG at fs/ext4/inode.c:2721!'],
  ['oops', '[    8.1] Unable to handle kernel NULL pointer dereference at virtual address 00000000'],
  ['oops', '[    8.1] general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP'],
  ['oops', '[    8.1][  T12] BUG: scheduling while atomic: swapper/0/0/0x00000002'],
  ['watchdog', '[   99.1] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [dd:123]'],
  ['watchdog', '[   99.1] watchdog: Watchdog detected hard LOCKUP on cpu 1'],
  ['watchdog', '[   99.1] rcu: INFO: rcu_preempt self-detected stall on CPU'],
  ['watchdog', '[  242.1] INFO: task jbd2/vda4-8:231 blocked for more than 120 seconds.'],
  ['watchdog', '[   99.1] watchdog: watchdog0: watchdog did not stop!'],
  ['brown-out', '[   21.7] hwmon hwmon1: Undervoltage detected!'],
  ['brown-out', '[   21.7] Under-voltage detected! (0x00050005)'],
];

for (const [kind, text] of troubles) {
  test(`trouble: ${text}`, (t) => {
    const { watcher, say, powerOn } = watch();
    powerOn();
    say(...boot, '', text);
    t.deepEqual(
      watcher.faults.map((fault) => [fault.kind, fault.line]),
      [[kind, text]],
    );
  });
}

test('what only looks like trouble', (t) => {
  const { say, kinds, powerOn } = watch();
  powerOn();
  say(
    ...boot,
    '',
    '[    8.1] traps: app[123] general protection fault ip:55d0 sp:7ffd error:0 in app[55d0+1000]',
    '[   22.7] hwmon hwmon1: Voltage normalised',
    '[    0.4] Kernel command line: root=/dev/vda2 panic=1 oops=panic',
    '[    3.1] WARNING: CPU: 0 PID: 1 at kernel/workqueue.c:2996',
    'DEBUG: all good',
    'Last login: Sun Nov 22 12:00:00 UTC 2026 on ttyS0',
    ...orderly.slice(0, 1),
    '[   41.1] watchdog: watchdog0: watchdog did not stop!',
    ...orderly.slice(1),
  );
  t.deepEqual(kinds(), []);
});
