import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Event, NewEvent } from '../event-log/event.ts';
import { accountTime } from '../run/account-time.ts';
import { decideVerdict } from '../run/decide-verdict.ts';
import { statements } from './catalog.ts';
import { ExampleLog } from './clock.ts';
import { ExampleConsole, hostileBytes, writeBoot } from './console-bytes.ts';
import { runStarted } from './events.ts';

type Finished = Partial<Omit<Extract<NewEvent, { type: 'test-finished' }>, 'type'>>;

const stages = [
  { name: 'firmware', seconds: 0.6 },
  { name: 'loader', seconds: 9.3 },
  { name: 'kernel', seconds: 1.8 },
  { name: 'init', seconds: 7.1 },
  { name: 'ssh', seconds: 1.4 },
] as const;

/** Promises that one test proves together with the one before. */
const shared = new Set(['environment.app-name', 'dbus.services-return', 'rollback.breadcrumbs']);

/** Reboots in the middle of these. */
const rebooting = new Set([
  'environment.kept-across-reboot',
  'dbus.reboot',
  'tmp.survives-reboot',
  'tmp.survives-power-cut',
  'rollback.good-update',
  'rollback.no-init',
]);

/**
 * A run as six suites leave one: 73 promises, one of them broken, one skipped, a flake, measurements with limits, reboots, a panic that a test had announced, and a console
 * that prints what a page must not obey. The same bytes each time.
 */
export function exampleRun(): { events: Event[]; console: ExampleConsole } {
  const log = new ExampleLog();
  const console = new ExampleConsole();
  const boot = (cause: 'run' | 'test', test?: string, slot: 'A' | 'B' = 'A'): void => {
    const startedAt = new Date(log.epochMilliseconds).toISOString();
    writeBoot(console, slot, log.epochMilliseconds);
    for (const stage of stages) log.add({ type: 'device-boot-stage', device: 'qemu-1', stage }, stage.seconds);
    const bootId = `7c0a${String(console.length).padStart(4, '0')}-1f2e-4a3b-9d1c-${String(log.events.length).padStart(12, '0')}`;
    log.add({ type: 'device-boot', device: 'qemu-1', bootId, cause, test, slot, startedAt, stages: [...stages], totalSeconds: 20.2 });
  };

  log.add(
    runStarted({
      argv: ['run', '--device', 'qemux86-64'],
      promises: statements().map(([suite, id, statement]) => ({
        id,
        suite,
        statement,
        source: {
          document: suite === 'storage' ? 'communicate-outside-container' : 'runtime',
          section: suite === 'storage' ? 'Automounting/unmounting' : 'Environment',
        },
      })),
    }),
  );
  log.add({ type: 'step', kind: 'image', name: 'packages', state: 'cached', seconds: 0 }, 0.4);
  log.add(
    {
      type: 'image-ready',
      image: { name: 'reference-os', version: '2.113.18', variant: 'development', sha256: '4be1'.repeat(16), cached: true },
    },
    0.2,
  );
  log.add({ type: 'device-power', device: 'qemu-1', state: 'on' }, 0.3);
  boot('run');
  log.add({ type: 'tests-planned', tests: tests() }, 1.9);

  for (const test of tests()) {
    const [promise = ''] = test.promises;
    const attempt = { test: test.test, attempt: 1 };
    const from = console.length;
    const begun = log.seconds;
    const finish = (given: Finished = {}): void => {
      const seconds = log.seconds - begun;
      const slice = { device: 'qemu-1', from, to: console.length };
      const finished: NewEvent = {
        type: 'test-finished',
        ...attempt,
        outcome: 'pass',
        seconds,
        deviceSeconds: seconds * 0.9,
        console: slice,
        attachments: [],
        ...given,
      };
      log.add(finished);
    };
    log.add({ type: 'test-started', ...test, attempt: 1, device: 'qemu-1' }, 0.1);
    log.add({ type: 'test-step', ...attempt, title: 'deploy the service', seconds: 1.2 }, 1.2);
    console.write(
      `[${(100 + log.seconds).toFixed(6).padStart(12)}] docker0: port 1(veth${test.line}) entered forwarding state\r\n`,
      log.epochMilliseconds,
    );

    if (rebooting.has(promise)) {
      if (promise === 'tmp.survives-power-cut') {
        log.add({ type: 'device-power', device: 'qemu-1', state: 'off' });
        log.add({ type: 'device-power', device: 'qemu-1', state: 'on' }, 3);
        console.mark('power-on', log.epochMilliseconds);
      } else {
        console.mark('reset-announced', log.epochMilliseconds);
        console.write(`[${(100 + log.seconds).toFixed(6).padStart(12)}] reboot: Restarting system\r\n`, log.epochMilliseconds);
      }
      if (promise === 'rollback.no-init') {
        const line = '[    1.300124] Kernel panic - not syncing: No working init found.';
        log.add({ type: 'console-fault', device: 'qemu-1', kind: 'panic', line, offset: console.length, expected: true }, 14);
        console.write(`${line}\r\n`, log.epochMilliseconds);
      }
      boot('test', test.test, promise === 'rollback.good-update' ? 'B' : 'A');
      log.add({ type: 'test-step', ...attempt, title: 'reboot and wait for a new boot_id', seconds: 22.4 }, 2.2);
      log.add({
        type: 'measurement',
        ...attempt,
        name: 'reboot',
        value: 20.2 + log.events.length / 100,
        unit: 's',
        limits: { max: 90, marginalMax: 60 },
        outcome: 'pass',
      });
    }
    log.add({ type: 'test-step', ...attempt, title: `look: ${test.title}`, seconds: 0.8 }, 0.8 + (test.line % 7) / 3);

    if (promise === 'time.accuracy') {
      log.add({
        type: 'measurement',
        ...attempt,
        name: 'offset to the bench',
        value: -12.4,
        unit: 'ms',
        limits: { min: -100, max: 100, marginalMin: -50, marginalMax: 50 },
        outcome: 'pass',
      });
      log.add({
        type: 'measurement',
        ...attempt,
        name: 'time to NTPSynchronized',
        value: 41.8,
        unit: 's',
        limits: { max: 60, marginalMax: 40 },
        outcome: 'marginal',
      });
    }
    if (promise === 'storage.yank-while-writing') console.write(hostileBytes, log.epochMilliseconds);

    if (promise === 'storage.label-same-twice') finish(sameLabelTwice(console, log.epochMilliseconds));
    else if (promise === 'storage.exfat')
      finish({ outcome: 'skip', reason: '/proc/filesystems of the device has no exfat', deviceSeconds: 0.1 });
    else finish();
  }
  const decision = decideVerdict(log.events);
  log.add({ type: 'device-power', device: 'qemu-1', state: 'off' }, 0.4);
  log.add({ type: 'run-finished', ...decision, time: accountTime(log.events) });
  return { events: log.events, console };
}

function tests(): { test: string; suite: string; title: string; file: string; line: number; promises: string[] }[] {
  const planned: ReturnType<typeof tests> = [];
  for (const [suite, id, statement] of statements()) {
    const last = planned.at(-1);
    if (shared.has(id) && last !== undefined) last.promises.push(id);
    else
      planned.push({
        test: `t${planned.length + 1}`,
        suite,
        title: statement,
        file: `suites/${suite}.suite.ts`,
        line: 14 + planned.length * 9,
        promises: [id],
      });
  }
  return planned;
}

function sameLabelTwice(console: ExampleConsole, at: number): Finished {
  const lines = [
    'usb 2-2: new SuperSpeed USB device number 3 using xhci_hcd',
    'sd 3:0:0:0: [sdc] Attached SCSI removable disk',
    'EXT4-fs (sdc1): mounted filesystem',
  ];
  let offset = 0;
  for (const [index, line] of lines.entries()) {
    offset = console.length;
    console.write(`[  187.${310204 + index * 1003}] ${line}\r\n`, at - 900 + index * 300);
  }
  return {
    outcome: 'fail',
    cause: 'product',
    error: {
      message: 'two sticks labelled DATA: the second was mounted over the first',
      expected: '/mnt/storage-usb-DATA-5E1F-01 and …-5E1F-02',
      seen: 'one mount at /mnt/DATA',
      stack: 'Error: two sticks labelled DATA\n    at suites/storage.suite.ts:88:5\n    at run (suites/sticks.ts:14:3)',
      evidence: [
        { kind: 'console', text: `[  187.312210] ${lines[2]}`, offset },
        { kind: 'command', text: '$ findmnt --raw --noheadings --output TARGET,SOURCE\n/mnt/DATA /dev/sdc1' },
      ],
      advice: 'look at the udev rule that names mount points: it must tell sticks of the same label apart',
    },
    attachments: [{ name: 'container log', contentType: 'text/plain', body: 'mount: /mnt/DATA: /dev/sdb1 already mounted\n' }],
  };
}

/** Leaves the run in a directory as a bench does: the event log, the console log and its time index. */
export function writeExampleRun(directory: string): void {
  const { events, console } = exampleRun();
  writeFileSync(join(directory, 'events.ndjson'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  writeFileSync(join(directory, 'console-qemu-1.log'), console.log);
  writeFileSync(join(directory, 'console-qemu-1.idx'), console.index);
}
