import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { compileModule } from '../../qemu/reference-os/supervisor-files.ts';
import { mutantId, mutants } from './catalogue.ts';
import { editedText } from './offline-image.ts';

// Mutants edit files of the reference OS by patterns. Here each edit of the supervisor is tried on its source, so that one which no
// longer finds its text, or leaves something that isn't JavaScript, is seen without a device.

const run = promisify(execFile);
const supervisorDirectory = '/usr/lib/balena-supervisor';

const scratch = await mkdtemp(join(tmpdir(), 'boardwalk-edits-'));
test.after.always(() => rm(scratch, { recursive: true }));

/** A module as the image has it. */
async function moduleText(path: string): Promise<string> {
  const source = new URL(`../../qemu/reference-os/supervisor/${basename(path, '.js')}.ts`, import.meta.url);
  return compileModule(await readFile(source, 'utf8'));
}

for (const mutant of mutants) {
  // As editFile writes them.
  const online = [...(mutant.apply ?? '').matchAll(/sed -E ('(?:[^']|'\\'')*') (\/\S+)/g)].map(([, edit = '', path = '']) => ({
    edit,
    path,
  }));
  const offline = mutant.offline ?? [];
  const ofSupervisor = ({ path }: { path: string }) => dirname(path) === supervisorDirectory;
  if (![...online, ...offline].some(ofSupervisor)) continue;

  test(`the edits of ${mutantId(mutant)} change what they mean to, and leave JavaScript`, async (t) => {
    const texts = new Map<string, string>();
    const before = async (path: string) => texts.get(path) ?? (await moduleText(path));
    for (const edit of offline.filter(ofSupervisor)) texts.set(edit.path, editedText(edit, await before(edit.path)));
    for (const { edit, path } of online.filter(ofSupervisor)) {
      const file = join(scratch, basename(path));
      await writeFile(file, await before(path));
      texts.set(path, (await run('sh', ['-c', `sed -E ${edit} ${file}`])).stdout);
    }
    for (const [path, text] of texts) {
      t.not(text, await moduleText(path), path);
      const file = join(scratch, `${mutantId(mutant).replaceAll('/', '-')}-${basename(path, '.js')}.mjs`);
      await writeFile(file, text);
      await t.notThrowsAsync(run(process.execPath, ['--check', file]), path);
    }
  });
}
