import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { bundleSupervisor } from '../../qemu/reference-os/supervisor-files.ts';
import { promises } from '../../suites/promises.ts';
import { batchesOf, mayShare } from './batches.ts';
import { mutantId, mutants } from './catalogue.ts';
import { type Mutant, type OfflineEdit, supervisorFile } from './mutant.ts';
import { editedText } from './offline-image.ts';

const referenceOs = join(import.meta.dirname, '../../qemu/reference-os');
const batches = batchesOf(mutants);

/** A file of the reference OS as the image holds it. */
async function shipped(path: string): Promise<string> {
  if (path === supervisorFile) return bundleSupervisor(join(referenceOs, 'supervisor'));
  const part = path.startsWith('/mnt/boot/') ? path.replace('/mnt/', '') : `root${path}`;
  // Mutants are of the PC's image: what isn't the same on every board is its loader's.
  return readFile(join(referenceOs, 'files', part), 'utf8').catch(() => readFile(join(referenceOs, 'files/grub', part), 'utf8'));
}

interface TextEdit {
  script: string;
  path: string;
  /** GNU sed's -E, or its basic expressions. */
  extended: boolean;
}

/** What a mutant's shell edits with sed, outermost first: files of the running system, and in them commands that edit the other slot. */
function editsOf({ apply = '' }: Mutant): { running: TextEdit[]; inactive: TextEdit[] } {
  const running = [...apply.matchAll(/sed -E '((?:[^']|'\\'')*)' (\/[\w./-]+) >/g)].map(([, script = '', path = '']) => ({
    script: script.replaceAll("'\\''", "'"),
    path,
    extended: true,
  }));
  const inactive = running.flatMap(({ script }) =>
    [...script.matchAll(/sed -i (['"])(.*?)\1 \/mnt\/sysroot\/inactive(\/[\w./-]+)/g)].map(([, , inner = '', path = '']) => ({
      script: inner,
      path,
      extended: false,
    })),
  );
  return { running, inactive };
}

/** The text after the edit, by the program that the device has. */
async function edited(text: string, { script, extended }: TextEdit): Promise<string> {
  const { stdout } = await execa('sed', [...(extended ? ['-E'] : []), script], { input: text, stripFinalNewline: false });
  return stdout;
}

test('every promise has a mutant', (t) => {
  const broken = new Set<string>(mutants.map(({ promise }) => promise));
  t.deepEqual(
    promises.map(({ id }) => id).filter((id) => !broken.has(id)),
    [],
  );
});

test('no two mutants have one name, and each says what is wrong with it', (t) => {
  t.is(new Set(mutants.map(mutantId)).size, mutants.length);
  for (const mutant of mutants) {
    t.regex(mutant.name, /^[a-z0-9]+(-[a-z0-9]+)*$/, mutantId(mutant));
    t.regex(mutant.how, /^[A-Z/a-z].*\.$/, mutantId(mutant));
    t.true(mutant.apply !== undefined || (mutant.offline?.length ?? 0) > 0, `${mutantId(mutant)} changes nothing`);
  }
});

test('offline edits are of files on the root file system, and say what becomes of them', (t) => {
  for (const mutant of mutants) {
    for (const { path, content, replace } of mutant.offline ?? []) {
      t.regex(path, /^\/(etc|usr)(\/[\w@.-]+)+$/, mutantId(mutant));
      t.true((content === undefined) !== (replace === undefined), `${mutantId(mutant)}: ${path} has a content or a replacement`);
    }
  }
});

for (const batch of batches) {
  test(`${batch.name}: every edit finds what it edits, after those of the mutants before it`, async (t) => {
    const texts = new Map<string, string>();
    const textOf = async (path: string) => texts.get(path) ?? shipped(path);
    const change = async (mutant: Mutant, path: string, edit: (text: string) => Promise<string> | string) => {
      const before = await textOf(path);
      const after = await edit(before);
      t.not(after, before, `${mutantId(mutant)}: the edit of ${path} changes nothing`);
      texts.set(path, after);
    };
    const replacements = new Set<OfflineEdit>();
    for (const mutant of batch.mutants) {
      for (const edit of mutant.offline ?? []) {
        if (edit.replace === undefined || replacements.has(edit)) continue;
        replacements.add(edit);
        await change(mutant, edit.path, (text) => editedText(edit, text));
      }
    }
    const shells = new Set<string>();
    for (const mutant of batch.mutants) {
      if (mutant.apply === undefined || shells.has(mutant.apply)) continue;
      shells.add(mutant.apply);
      const { running, inactive } = editsOf(mutant);
      for (const edit of running) {
        // What all mutants of a kind share is done once on a device.
        if (/\[ -e \S+ \] \|\| \{/.test(mutant.apply) && shells.has(edit.script)) continue;
        shells.add(edit.script);
        await change(mutant, edit.path, (text) => edited(text, edit));
      }
      // The other slot is written from the update file, whose files are the same.
      for (const edit of inactive) await change(mutant, edit.path, (text) => edited(text, edit));
    }
    t.pass();
  });
}

test('every mutant is in one batch', (t) => {
  t.deepEqual(batches.flatMap((batch) => batch.mutants.map(mutantId)).toSorted(), mutants.map(mutantId).toSorted());
});

test('mutants of a batch leave each other and the control alone', (t) => {
  for (const batch of batches) {
    for (const [index, mutant] of batch.mutants.entries()) {
      for (const other of batch.mutants.slice(index + 1)) t.true(mayShare(mutant, other), `${mutantId(mutant)} and ${mutantId(other)}`);
      t.not(mutant.promise, batch.control);
      t.false(mutant.touches?.includes(batch.control) ?? false, `${mutantId(mutant)} touches the control ${batch.control}`);
    }
  }
});

test('mutants of one promise, and those that touch each other, do not share a boot', (t) => {
  const one: Mutant = { promise: 'tmp.survives-power-cut', name: 'one', how: 'One.', apply: 'one' };
  const other: Mutant = { promise: 'tmp.data-survives-power-cut', name: 'other', how: 'Other.', apply: 'other' };
  t.true(mayShare(one, other));
  t.false(mayShare(one, { ...one, name: 'two', apply: 'two' }));
  t.false(mayShare(one, { ...other, touches: ['tmp.survives-power-cut'] }));
  t.false(mayShare({ ...one, touches: ['tmp.data-survives-power-cut'] }, other));
  t.true(mayShare(one, { ...other, apply: 'one' }), 'one change that breaks two promises');
  t.false(
    mayShare({ ...one, offline: [{ path: '/etc/x', content: '1' }] }, { ...other, offline: [{ path: '/etc/x', content: '2' }] }),
    'two contents of one file',
  );
});
