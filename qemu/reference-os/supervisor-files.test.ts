import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import test from 'ava';

import { ReferenceImageError } from './errors.ts';
import { bundleSupervisor } from './supervisor-files.ts';

const run = promisify(execFile);
const scratch = await mkdtemp(join(tmpdir(), 'boardwalk-bundle-'));
test.after.always(() => rm(scratch, { recursive: true }));

test('TypeScript modules become one CommonJS file that runs, each under its name', async (t) => {
  await writeFile(join(scratch, 'thing.ts'), 'export interface Thing { name: string }\n');
  await writeFile(
    join(scratch, 'make.ts'),
    "import type { Thing } from './thing.ts';\nexport const make = (name: string): Thing => ({ name });\n",
  );
  await writeFile(
    join(scratch, 'main.ts'),
    "import { basename } from 'node:path';\nimport { make } from './make.ts';\nconsole.log(basename(make('a/b').name));\n",
  );
  const bundle = await bundleSupervisor(scratch);
  const file = join(scratch, 'bundle.cjs');
  await writeFile(file, bundle);
  t.is((await run(process.execPath, [file])).stdout, 'b\n');
  for (const name of ['make', 'main']) t.regex(bundle, new RegExp(`^// ${name}\\.ts$`, 'm'));
});

test('a directory without main.ts is said to have none', async (t) => {
  const error = await t.throwsAsync(bundleSupervisor(join(scratch, 'elsewhere')), { instanceOf: ReferenceImageError });
  t.regex(error.message, /elsewhere holds no main\.ts/);
});

test('the reference supervisor is bundled whole, and alike from anywhere', async (t) => {
  const source = join(import.meta.dirname, 'supervisor');
  const bundle = await bundleSupervisor(source);
  const file = join(scratch, 'supervisor.cjs');
  await writeFile(file, bundle);
  await t.notThrowsAsync(run(process.execPath, ['--check', file]));
  t.false(bundle.includes(source), 'no path of this host');
});
