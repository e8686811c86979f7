import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ReferenceImageError } from './errors.ts';

const unit = 'balena-supervisor.service';

/** Loaded where an image is asked for, and not at the start of every command. */
const bundler = () => import('esbuild');

/** The version of what bundles the supervisor: it decides, beside the sources, what the image holds. */
export async function bundlerVersion(): Promise<string> {
  return (await bundler()).version;
}

/**
 * The supervisor as one CommonJS file, each module's part under a comment with its name. As the 44 ES modules that it is written in, its start took an emulated CPU
 * 4.3 s, and 1.4 s as this: Node looks at every name that an ES module could import of node:http, and loads the whole of its fetch for one of them.
 */
export async function bundleSupervisor(source: string): Promise<string> {
  if (!existsSync(join(source, 'main.ts')))
    throw new ReferenceImageError(`${source} holds no main.ts`, { advice: 'Complete the checkout.' });
  const { build } = await bundler();
  const { outputFiles } = await build({
    absWorkingDir: source,
    entryPoints: ['main.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20', // the last that was built for 32-bit ARM
    tsconfigRaw: {}, // none of the project's, which isn't there once it is installed
    logLevel: 'silent',
  });
  return outputFiles.map(({ text }) => text).join('');
}

/** Puts the reference supervisor into usr/lib/balena-supervisor and its unit beside the others; returns the unit's name. */
export async function installSupervisor(source: string, tree: string): Promise<string> {
  const target = join(tree, 'usr/lib/balena-supervisor');
  await mkdir(target, { recursive: true });
  await writeFile(join(target, 'main.js'), await bundleSupervisor(source));
  await writeFile(join(tree, 'usr/lib/systemd/system', unit), await readFile(join(source, unit), 'utf8'));
  return unit;
}
