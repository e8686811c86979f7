import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { basename, join } from 'node:path';

import { ReferenceImageError } from './errors.ts';

const unit = 'balena-supervisor.service';

/** Relative imports name TypeScript files; the image holds JavaScript ones. */
export function compileModule(source: string): string {
  return stripTypeScriptTypes(source, { mode: 'strip' }).replace(/((?:from|import)\s*\(?\s*['"]\.{1,2}\/[^'"]*)\.ts(['"])/gu, '$1.js$2');
}

/** Puts the reference supervisor into usr/lib/balena-supervisor and its unit beside the others; returns the unit's name. */
export async function installSupervisor(source: string, tree: string): Promise<string> {
  const target = join(tree, 'usr/lib/balena-supervisor');
  const names = (await readdir(source)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).sort();
  if (!names.includes('main.ts')) throw new ReferenceImageError(`${source} holds no main.ts`, { advice: 'Complete the checkout.' });
  await mkdir(target, { recursive: true });
  for (const name of names) {
    await writeFile(join(target, `${basename(name, '.ts')}.js`), compileModule(await readFile(join(source, name), 'utf8')));
  }
  await writeFile(join(target, 'package.json'), '{"type":"module"}\n');
  await writeFile(join(tree, 'usr/lib/systemd/system', unit), await readFile(join(source, unit), 'utf8'));
  return unit;
}
