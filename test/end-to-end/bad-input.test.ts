import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { loadEvents } from '../../reports/index.ts';
import { boardwalk, workingDirectory } from './command.ts';

async function place(t: ExecutionContext): Promise<string> {
  const { path, remove } = await workingDirectory();
  t.teardown(remove);
  return path;
}

for (const [what, args, sentence] of [
  ['a misspelt suite', ['run', 'stroage'], /there is no suite “stroage”. Did you mean “storage”\? Suites: environment dbus/],
  ['a suite path that is not there', ['run', './nowhere'], /there is no suite at .*nowhere/],
  ['an unknown device', ['run', '--device', 'qemu-9'], /there is no device or type “qemu-9”. Did you mean “qemu-\d”\?/],
  ['an unknown option', ['run', '--devcie', 'x'], /unknown option '--devcie'/],
  ['a pattern that is none', ['run', '--grep', '('], /--grep “\(” is no regular expression/],
  ['an unknown command', ['rnu'], /unknown command 'rnu'/],
  ['a run that is not there', ['report', '20200101-000000'], /there is no run “20200101-000000”/],
  ['a missing image to write', ['image', 'write', 'nowhere.img', 'card.img'], /there is no nowhere\.img: expected a disk image/],
  ['a device that nobody uses', ['console', 'qemu-4'], /qemu-4 is not in use/],
] as const) {
  test.serial(`${what} is one sentence and exit code 2, and leaves nothing`, async (t) => {
    const cwd = await place(t);
    const { code, stdout, stderr } = await boardwalk(cwd, ...args);
    t.is(code, 2, stdout + stderr);
    t.regex(stderr, /^boardwalk: /);
    t.regex(stderr, sentence);
    t.deepEqual(await readdir(cwd), []);
  });
}

test('a wrong bench.yaml is named with its place', async (t) => {
  const cwd = await place(t);
  await writeFile(join(cwd, 'bench.yaml'), 'devices:\n  desk: { type: qemux86-64, cpus: many }\n');
  const { code, stderr } = await boardwalk(cwd, 'run', 'tmp');
  t.is(code, 2);
  t.regex(stderr, /bench\.yaml, devices\.desk\.cpus: /);
});

for (const [what, make, sentence] of [
  ['a missing image', async () => undefined, /flash\.img/],
  ['a text file', async (file: string) => writeFile(file, 'not an image\n'.repeat(1000)), /flash\.img/],
  ['an empty file', async (file: string) => writeFile(file, ''), /flash\.img/],
  [
    'a blank disk',
    async (file: string) => {
      await writeFile(file, '');
      await truncate(file, 64 * 1024 * 1024);
    },
    /flash\.img/,
  ],
] as const) {
  test.serial(`${what} as --image is exit code 2, with a log that tells it`, async (t) => {
    const cwd = await place(t);
    const file = join(cwd, 'flash.img');
    await make(file);
    const { code, stdout, stderr } = await boardwalk(cwd, 'run', 'tmp', '--image', file);
    t.is(code, 2, stdout + stderr);
    const { events } = await loadEvents(join(cwd, '.boardwalk/runs/latest/events.ndjson'));
    const told = events.find((event) => event.type === 'harness-error');
    t.is(told?.cause, 'usage');
    t.regex(told?.message ?? '', sentence);
  });
}

test('an old run can be told again from its log alone', async (t) => {
  const cwd = await place(t);
  await mkdir(join(cwd, '.boardwalk'));
  await boardwalk(cwd, 'run', 'tmp', '--image', join(cwd, 'missing.img'));
  const { code, stdout } = await boardwalk(cwd, 'report');
  t.is(code, 0);
  t.regex(stdout, /missing\.img/);
});
