import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { harnessError, promise, runStarted, testFinished, testStarted } from '../example-run/events.ts';
import { DamagedEventLogError, EventLog, EventLogWriteError, InvalidEventError, loadEvents, readEvents, type Event } from '../index.ts';

const scratch = mkdtempSync(join(tmpdir(), 'boardwalk-event-log-'));
test.after.always(() => rmSync(scratch, { recursive: true, force: true }));
let logs = 0;
const newFile = (): string => join(scratch, `${(logs += 1)}.ndjson`);

const write = (file: string): void => {
  using log = EventLog.create(file);
  log.write(runStarted({ promises: [promise('tmp.gone')] }));
  log.write(testStarted('t1', ['tmp.gone']));
  log.write(testFinished('t1', 'pass'));
};

test('what was written is read back, stamped with line number, wall time and time since the start', async (t) => {
  const file = newFile();
  const told: Event[] = [];
  const log = EventLog.create(file);
  const unsubscribe = log.subscribe((event) => told.push(event));
  const written = [log.write(runStarted()), log.write(harnessError('infra'))];
  unsubscribe();
  log.write(harnessError('harness'));
  log.close();
  log.close();

  const { events, torn } = await loadEvents(file);
  t.is(torn, undefined);
  t.deepEqual(events.slice(0, 2), written);
  t.deepEqual(told, written);
  t.deepEqual(
    events.map(({ seq }) => seq),
    [1, 2, 3],
  );
  t.true(events.every(({ at }) => new Date(at).toISOString() === at));
  t.true(events.every(({ t: since }, index) => since >= (events[index - 1]?.t ?? 0)));
});

test('an event that its schema refuses is not written, and the log goes on', async (t) => {
  const file = newFile();
  const log = EventLog.create(file);
  const error = t.throws(() => log.write({ ...testFinished('t1', 'pass'), seconds: Number.NaN } as ReturnType<typeof testFinished>), {
    instanceOf: InvalidEventError,
  });
  t.regex(error?.evidence ?? '', /seconds/);
  t.throws(() => log.write(testFinished('t1', 'skip', { reason: undefined })), { message: /a skip states its reason/ });
  t.throws(() => log.write(testFinished('t1', 'error', { cause: undefined })), { message: /charged to a cause/ });
  t.throws(() => log.write(testFinished('t1', 'pass', { attachments: [{ name: 'a', contentType: 'text/plain' }] })), {
    message: /either a path or a body/,
  });
  log.write(runStarted());
  log.close();
  const { events } = await loadEvents(file);
  t.deepEqual(
    events.map(({ seq, type }) => [seq, type]),
    [[1, 'run-started']],
  );
});

test('a log that is already there is refused, and so is a closed one', (t) => {
  const file = newFile();
  write(file);
  t.throws(() => EventLog.create(file), { instanceOf: EventLogWriteError, message: /EEXIST/ });
  t.throws(() => EventLog.create(join(scratch, 'nowhere', 'events.ndjson')), { instanceOf: EventLogWriteError, message: /ENOENT/ });
  const log = EventLog.create(newFile());
  log.close();
  t.throws(() => log.write(runStarted()), { instanceOf: EventLogWriteError, message: /is closed/ });
});

test('a torn last line ends the reading at every byte it can be torn at, and is told', async (t) => {
  const whole = newFile();
  write(whole);
  const bytes = readFileSync(whole);
  const lastLine = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
  for (let end = lastLine; end < bytes.length; end += 1) {
    const file = newFile();
    writeFileSync(file, bytes.subarray(0, end));
    const { events, torn } = await loadEvents(file);
    // Only the newline missing: the event is whole.
    const complete = end === bytes.length - 1;
    t.is(events.length, complete ? 3 : 2);
    t.deepEqual(torn, complete || end === lastLine ? undefined : { line: 3, bytes: end - lastLine });
    rmSync(file);
  }
});

test('a last line of zeros, as some file systems leave it after a power failure, is torn', async (t) => {
  const file = newFile();
  write(file);
  appendFileSync(file, Buffer.alloc(512));
  const { events, torn } = await loadEvents(file);
  t.is(events.length, 3);
  t.deepEqual(torn, { line: 4, bytes: 512 });
});

for (const [what, damage] of [
  ['a line cut in the middle of the log', (lines: string[]) => [lines[0], lines[1]?.slice(0, 40), lines[2]]],
  ['a line that is JSON and no event', (lines: string[]) => [lines[0], '{"seq":2}', lines[2]]],
  ['a line of an unknown type', (lines: string[]) => [lines[0], lines[1]?.replace('"test-started"', '"test-begun"'), lines[2]]],
  ['a missing line', (lines: string[]) => [lines[0], lines[2]]],
  ['an empty line', (lines: string[]) => [lines[0], '', lines[1], lines[2]]],
] as const) {
  test(`${what} is an error with its line number, and what stands before it is read`, async (t) => {
    const file = newFile();
    write(file);
    writeFileSync(file, `${damage(readFileSync(file, 'utf8').split('\n')).join('\n')}\n`);
    const before: Event[] = [];
    const error = await t.throwsAsync(
      async () => {
        for await (const event of readEvents(file)) before.push(event);
      },
      { instanceOf: DamagedEventLogError, message: /damaged at line 2/ },
    );
    t.is(error?.line, 2);
    t.is(before.length, 1);
  });
}

test('kill -9 of the writer leaves a log that is readable to its last whole line', async (t) => {
  const file = newFile();
  const writer = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { EventLog } from ${JSON.stringify(import.meta.resolve('./event-log.ts'))};
     const log = EventLog.create(${JSON.stringify(file)});
     for (;;) process.stdout.write(String(log.write({ type: 'harness-error', message: 'x'.repeat(3000), cause: 'infra', advice: '' }).seq) + '\\n');`,
  ]);
  let told = '';
  writer.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString();
    if (told.split('\n').length > 20) writer.kill('SIGKILL');
  });
  await once(writer, 'close');
  t.is(writer.signalCode, 'SIGKILL');
  const { events } = await loadEvents(file);
  const confirmed = Number(told.trimEnd().split('\n').at(-1));
  t.true(events.length >= confirmed, `${events.length} events read, ${confirmed} confirmed by the writer`);
});
