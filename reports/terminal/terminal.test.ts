import { stripVTControlCharacters } from 'node:util';
import test from 'ava';
import { ExampleLog } from '../example-run/clock.ts';
import { fault, harnessError, promise, runStarted, testFinished, testStarted } from '../example-run/events.ts';
import { exampleRun } from '../example-run/example-run.ts';
import type { Event } from '../event-log/event.ts';
import { emptyRunRecord, recordEvent } from '../run/run-record.ts';
import { cut, labelled, spread, widthOf, wrap } from './page.ts';
import { liveLines } from './progress.ts';
import { renderRun, TerminalReporter } from './terminal-reporter.ts';

const page = { width: 100, colour: false, runDirectory: '.boardwalk/runs/20261122-120211' };
const render = (log: ExampleLog): string[] => renderRun(log.events, page);
const begin = (...promises: string[]): ExampleLog => new ExampleLog().add(runStarted({ promises: promises.map((id) => promise(id)) }));

/** A terminal as far as the reporter uses one: newline, cursor up, erase to the end of the screen. */
class Screen {
  readonly isTTY: boolean;
  readonly columns = 100;
  raw = '';
  #lines: string[] = [''];

  constructor({ isTTY }: { isTTY: boolean }) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.raw += text;
    for (const [part, up, erase] of text.matchAll(/\x1b\[(\d+)A|(\x1b\[0J)|\n|[^\n\x1b]+|\x1b\[\d+m/g)) {
      if (up !== undefined) this.#lines.splice(-1 - Number(up), Infinity, '');
      else if (part === '\n') this.#lines.push('');
      else if (erase === undefined) this.#lines[this.#lines.length - 1] += part;
    }
  }

  get lines(): string[] {
    return this.#lines.map((line) => stripVTControlCharacters(line));
  }
}

const tell = (events: Event[], isTTY: boolean, env: NodeJS.ProcessEnv = {}): Screen => {
  const stream = new Screen({ isTTY });
  using reporter = new TerminalReporter({ stream, runDirectory: page.runDirectory, env });
  for (const event of events) reporter.event(event);
  return stream;
};

test('a whole run, as a person reads it', (t) => {
  t.deepEqual(renderRun(exampleRun().events, page), [
    'device   qemu-1 · qemux86-64 · tcg (kvm present, hung in probe)',
    'image    reference-os 2.113.18 development  sha256:4be14be14be1…  (cached)',
    'boot     firmware 0.6 · loader 9.3 · kernel 1.8 · init 7.1 · ssh 1.4            20.2 s',
    '  ✓ environment   14 promises                                                     1:02',
    '  ✓ dbus          11                                                              0:53',
    '  ✓ tmp           12                                                              1:26',
    '  ✓ time          8                                                               0:24',
    '  ✗ storage       11 of 13, 1 skipped                                             0:41',
    '  ✓ rollback      15                                                              1:42',
    '',
    '✗ storage.label-same-twice   product',
    '  two sticks labelled DATA: the second was mounted over the first',
    '    expected  /mnt/storage-usb-DATA-5E1F-01 and …-5E1F-02',
    '    seen      one mount at /mnt/DATA',
    '    console   [  187.312210] EXT4-fs (sdc1): mounted filesystem',
    '    command   $ findmnt --raw --noheadings --output TARGET,SOURCE',
    '              /mnt/DATA /dev/sdc1',
    '  → look at the udev rule that names mount points: it must tell sticks of the same label apart',
    '  promised by  communicate-outside-container, “Automounting/unmounting”',
    '  again        npx boardwalk run storage --grep label-same-twice --device qemux86-64 --seed 4711',
    '  console      .boardwalk/runs/20261122-120211/report.html#storage.label-same-twice',
    '',
    '– 1 skipped: /proc/filesystems of the device has no exfat (storage.exfat)',
    '',
    '73 promises: 71 held, 1 broken, 1 skipped · 6:32 (device 5:48, harness 0:43) · report .boardwalk/runs/20261122-120211/report.html',
  ]);
});

test('on a terminal the screen ends as the plain text does; off it nothing is redrawn', (t) => {
  const { events } = exampleRun();
  const plain = tell(events, false);
  t.deepEqual(plain.lines, [...renderRun(events, page), '']);
  t.false(plain.raw.includes('\x1b'));
  t.deepEqual(tell(events, true).lines, plain.lines);
});

test('what is under way is seen at each moment, and taken back', (t) => {
  const { events } = exampleRun();
  const live = (type: Event['type'], nth: number): string[] => {
    const run = emptyRunRecord();
    let seen = 0;
    for (const event of events) {
      recordEvent(run, event);
      if (event.type === type && (seen += 1) === nth) break;
    }
    return liveLines(run, new Set(['environment']), run.t + 5000, page);
  };
  t.deepEqual(live('device-boot-stage', 3), ['boot     firmware 0.6 · loader 9.3 · kernel 1.8 · …                               0:17']);
  t.deepEqual(live('device-power', 1), ['boot     …                                                                        0:05']);
  t.deepEqual(live('device-boot', 1), []);
  t.deepEqual(live('test-started', 16), ['  · dbus          2 of 10 tests  Manager.Reboot from the container reboots the…   0:11']);
  t.is(live('run-finished', 1).length, 0);
});

test('a boot inside a test is told beside its title; live lines never exceed the width', (t) => {
  const run = emptyRunRecord();
  const log = begin('tmp.gone')
    .add(testStarted('gone', ['tmp.gone'], { title: 'gone' }))
    .add({ type: 'device-boot-stage', device: 'qemu-1', stage: { name: 'loader', seconds: 9 } }, 9);
  for (const event of log.events) recordEvent(run, event);
  t.deepEqual(liveLines(run, new Set(), 12_000, { ...page, width: 70 }), [
    '  · tmp           0 of 1 tests   gone (booting: loader done)     0:12',
  ]);
  const ended = log.add({ type: 'device-boot-stage', device: 'qemu-1', stage: { name: 'init', seconds: 5 } }, 5).events.at(-1);
  if (ended !== undefined) recordEvent(run, ended);
  t.deepEqual(liveLines(run, new Set(), 12_000, { ...page, width: 70 }), [
    '  · tmp           0 of 1 tests   gone                            0:12',
  ]);
  for (const width of [20, 40, 60]) t.true(liveLines(run, new Set(), 12_000, { ...page, width }).every((line) => widthOf(line) < width));
});

test('an image being built is shown while it is, and stays with its time', (t) => {
  const run = emptyRunRecord();
  const log = begin().add({ type: 'step', kind: 'image', name: 'packages', state: 'started' });
  for (const event of log.events) recordEvent(run, event);
  t.deepEqual(
    liveLines(run, new Set(), 83_000, page).map((line) => line.replaceAll(/ {2,}/g, ' ')),
    ['image packages … 1:23'],
  );
  log.add({ type: 'step', kind: 'image', name: 'packages', state: 'done', seconds: 95 }, 95);
  log.add({ type: 'step', kind: 'provision', name: 'flash', state: 'failed', device: 'qemu-1', detail: 'no space left', seconds: 2 }, 2);
  const lines = render(log).map((line) => line.replaceAll(/ {2,}/g, ' '));
  t.deepEqual(lines.slice(1, 3), ['image packages 1:35', 'qemu-1 flash ✗ failed · no space left 0:02']);
  t.regex(lines.at(-1) ?? '', /\(image 1:35, device 0:00, harness 0:02\)/);
});

test('colour only repeats what is said, and NO_COLOR, TERM=dumb and FORCE_COLOR are heard', (t) => {
  const { events } = exampleRun();
  const coloured = renderRun(events, { ...page, colour: true });
  t.deepEqual(
    coloured.map((line) => stripVTControlCharacters(line)),
    renderRun(events, page),
  );
  const hasColour = (isTTY: boolean, env: NodeJS.ProcessEnv): boolean => /\x1b\[\d+m/.test(tell(events, isTTY, env).raw);
  t.true(hasColour(true, {}));
  t.false(hasColour(true, { NO_COLOR: '1' }));
  t.true(hasColour(true, { NO_COLOR: '' }));
  t.false(hasColour(true, { TERM: 'dumb' }));
  t.false(hasColour(false, {}));
  t.true(hasColour(false, { FORCE_COLOR: '1' }));
  t.false(hasColour(false, { FORCE_COLOR: '1', NO_COLOR: '1' }));
});

test('what a device prints does not reach the terminal as a command', (t) => {
  const log = begin('tmp.gone')
    .add(testStarted('gone', ['tmp.gone']))
    .add(
      testFinished('gone', 'fail', {
        error: {
          message: '\x1b]0;owned\x07boom\x1b[2J',
          seen: 'a\rb\x9b31m',
          evidence: [{ kind: 'console', text: '\x1b[1mline\x1b[0m\r\nnext\0' }],
        },
      }),
    );
  const text = render(log).join('\n');
  t.regex(text, /^ {2}boom$/m);
  t.regex(text, /console {3}line\n {14}next\ufffd/);
  t.notRegex(text, /[\0-\x09\x0b-\x1f\x7f-\x9f]/);
});

test('long evidence is cut, and says how much', (t) => {
  const text = Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\n');
  const log = begin('tmp.gone')
    .add(testStarted('gone', ['tmp.gone']))
    .add(testFinished('gone', 'fail', { error: { message: 'no', evidence: [{ kind: 'file', text }] } }));
  const lines = render(log);
  t.true(lines.includes('              line 7'));
  t.false(lines.includes('              line 8'));
  t.true(lines.includes('              … 22 more lines in the report'));
});

test('several promises broken by one test are one block; a flake says so', (t) => {
  const log = begin('tmp.gone', 'tmp.kept')
    .add(testStarted('both', ['tmp.gone', 'tmp.kept']))
    .add(testFinished('both', 'fail', { reason: 'it was still there' }))
    .add(testStarted('both', ['tmp.gone', 'tmp.kept'], { attempt: 2 }))
    .add(testFinished('both', 'pass', { attempt: 2 }));
  const lines = render(log);
  t.is(lines.filter((line) => line.startsWith('✗')).length, 1);
  t.true(lines.includes('✗ tmp.gone, tmp.kept   product'));
  t.true(lines.includes('  it was still there'));
  t.true(lines.includes('  attempts     1 fail, 2 pass (flaky: the first one decides)'));
});

test('a failure of a test without promises is told, too, and the answer says why the run failed', (t) => {
  const lines = render(
    begin()
      .add(testStarted('loose', [], { title: "it's (very) loose" }))
      .add(testFinished('loose', 'error')),
  );
  t.true(lines.includes("✗ it's (very) loose   product · error"));
  t.true(lines.includes(`  again        npx boardwalk run storage --grep 'it'\\''s \\(very\\) loose' --device qemux86-64 --seed 4711`));
  t.regex(lines.at(-1) ?? '', /^1 test: 0 passed, 1 failed · /);
});

test('an interrupted run names what was not reached, once', (t) => {
  const lines = render(
    begin('tmp.a', 'tmp.b', 'tmp.c')
      .add(testStarted('a', ['tmp.a']))
      .add(testFinished('a', 'pass'))
      .add({ type: 'run-interrupted', signal: 'SIGINT' }),
  );
  t.deepEqual(lines.slice(-5, -1), [
    '! 2 not run   unknown',
    '  no test that claims it ran: the run was interrupted by SIGINT',
    '    tmp.b, tmp.c',
    '',
  ]);
  t.regex(lines.at(-1) ?? '', /^interrupted, exit 130: interrupted by SIGINT · 3 promises: 1 held, 2 not run · 0:00/);
});

test('faults and the bench’s own errors are told with their advice', (t) => {
  const lines = render(
    begin()
      .add(fault())
      .add(fault({ expected: true, device: 'qemu-2' }))
      .add(harnessError('infra', 'the disk is full')),
  );
  t.deepEqual(lines.slice(1, -1), [
    '',
    '✗ unexpected panic   qemu-1',
    '  Kernel panic - not syncing: VFS: Unable to mount root fs',
    '  console      console-qemu-1.log at byte 1000',
    '',
    '! the bench   infra',
    '  the disk is full',
    '  → mend it and run again',
    '',
  ]);
  t.regex(lines.at(-1) ?? '', /^failed, exit 1: an unexpected panic on the console of qemu-1/);
});

test('a suite that is undecided is marked apart from held and broken ones', (t) => {
  const lines = render(
    begin('time.a')
      .add(testStarted('a', ['time.a']))
      .add(testFinished('a', 'error', { cause: 'infra', reason: 'ssh: connection refused' }), 4)
      .add({
        type: 'run-finished',
        verdict: 'inconclusive',
        exitCode: 3,
        reason: '',
        time: { total_s: 4, device_s: 4, harness_s: 0, image_s: 0, boot_s: 0 },
      }),
  );
  t.regex(lines[1] ?? '', /^ {2}! time {10}0 of 1 +0:02$/);
  t.true(lines.includes('! time.a   infra · error'));
  t.regex(lines.at(-1) ?? '', /^inconclusive, exit 3: 1 promise undecided: time\.a · 1 promise: 0 held, 1 undecided · 0:04/);
});

test('two devices side by side are told apart', (t) => {
  const devices = ['qemu-1', 'qemu-2'].map((id) => ({ id, type: 'qemux86-64' }));
  const log = new ExampleLog().add(runStarted({ devices }));
  for (const { id } of devices)
    log.add({ type: 'device-boot', device: id, cause: 'run', stages: [{ name: 'ssh', seconds: 3 }], totalSeconds: 3 });
  t.deepEqual(
    render(log)
      .slice(2, 4)
      .map((line) => line.replaceAll(/ {2,}/g, '  ')),
    ['qemu-1  ssh 3.0  3.0 s', 'qemu-2  ssh 3.0  3.0 s'],
  );
});

test('text is cut, wrapped, labelled and spread by what it takes on the screen', (t) => {
  t.is(cut('abcdef', 4), 'abc…');
  t.is(cut('…✓', 2), '…✓');
  t.deepEqual(wrap({ ...page, width: 24 }, 'one two three four five six\nseven', '  '), ['  one two three four', '  five six', '  seven']);
  t.deepEqual(labelled({ ...page, width: 30 }, '  ', 'seen', 10, 'one two three four five'), [
    '  seen    one two three four',
    '          five',
  ]);
  t.is(spread({ ...page, width: 10 }, '\x1b[1mab\x1b[22m', 'cd'), '\x1b[1mab\x1b[22m      cd');
});
