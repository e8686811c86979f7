import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { bundleSupervisor } from '../../qemu/reference-os/supervisor-files.ts';
import { mutantId, mutants } from './catalogue.ts';
import { supervisorFile } from './mutant.ts';
import { editedText } from './offline-image.ts';

// Mutants edit files of the reference OS by patterns. Here each edit of the supervisor is tried on its source, so that one which no
// longer finds its text, or leaves something that isn't JavaScript, is seen without a device.

const run = promisify(execFile);
const shipped = await bundleSupervisor(join(import.meta.dirname, '../../qemu/reference-os/supervisor'));

const ofSupervisor = ({ path }: { path: string }) => path === supervisorFile;

const scratch = await mkdtemp(join(tmpdir(), 'boardwalk-edits-'));
test.after.always(() => rm(scratch, { recursive: true }));

for (const mutant of mutants) {
  // As editFile writes them.
  const online = [...(mutant.apply ?? '').matchAll(/sed -E ('(?:[^']|'\\'')*') (\/\S+)/g)].map(([, edit = '', path = '']) => ({
    edit,
    path,
  }));
  const offline = mutant.offline ?? [];
  if (![...online, ...offline].some(ofSupervisor)) continue;

  test(`the edits of ${mutantId(mutant)} change what they mean to, and leave JavaScript`, async (t) => {
    const file = join(scratch, `${mutantId(mutant).replaceAll('/', '-')}.cjs`);
    let text = shipped;
    for (const edit of offline.filter(ofSupervisor)) text = editedText(edit, text);
    for (const { edit } of online.filter(ofSupervisor)) {
      await writeFile(file, text);
      text = (await run('sh', ['-c', `sed -E ${edit} ${file}`], { maxBuffer: 2 ** 20 })).stdout;
    }
    t.not(text, shipped);
    await writeFile(file, text);
    await t.notThrowsAsync(run(process.execPath, ['--check', file]));
  });
}
