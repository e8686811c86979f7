import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CatalogPromise } from '../../reports/index.ts';
import { documents, promises, suiteNames } from '../../suites/promises.ts';
import { UsageError } from '../errors.ts';
import { nearest } from '../../devices/nearest.ts';

/** What a run runs. */
export interface SuiteSelection {
  /** As the report names them. */
  names: readonly string[];
  /** Playwright's configuration file. */
  config: string;
  /** Absolute paths. */
  files: readonly string[];
  /** What boardwalk's own catalogue promises for them; a suite of the user's own brings none. */
  promises: readonly CatalogPromise[];
}

/** Measures a board, and promises nothing: it runs when it is asked for, by itself. */
const bringup = 'bringup';
const suitesDirectory = fileURLToPath(new URL('../../suites/', import.meta.url));
const suiteFile = /\.suite\.[cm]?[jt]s$/;

/** Suites by name (`tmp`) or by path (`./my-suites`, `./x.suite.ts`); none: all of boardwalk's own, in the catalogue's order. */
export async function selectSuites(wanted: readonly string[], cwd: string): Promise<SuiteSelection> {
  const own = await readdir(suitesDirectory);
  const configName = own.find((file) => /^boardwalk\.config\.[jt]s$/.test(file)) ?? 'boardwalk.config.ts';
  const fileOf = (name: string) => own.find((file) => suiteFile.test(file) && file.startsWith(`${name}.suite.`));

  const names = wanted.filter((word) => !isPath(word));
  const paths = wanted.filter(isPath);
  if (names.length > 0 && paths.length > 0) {
    throw new UsageError(`boardwalk's own suites (${names.join(' ')}) and suites by path (${paths.join(' ')}) don't go into one run`);
  }
  if (paths.length > 0) return selectPaths(paths, cwd);
  if (names.length === 1 && names[0] === bringup) return selectPaths([join(suitesDirectory, bringup)], cwd);

  for (const name of names) {
    if (fileOf(name) !== undefined) continue;
    if (name === bringup) throw new UsageError(`${bringup} runs by itself, without ${names.filter((other) => other !== name).join(' ')}`);
    const near = nearest(name, [...suiteNames, bringup]);
    throw new UsageError(
      `there is no suite “${name}”.${near === undefined ? '' : ` Did you mean “${near}”?`} Suites: ${suiteNames.join(' ')}`,
    );
  }
  const chosen = suiteNames.filter((name) => names.length === 0 || names.includes(name));
  return {
    names: chosen,
    config: join(suitesDirectory, configName),
    files: chosen.map((name) => join(suitesDirectory, fileOf(name) ?? `${name}.suite.ts`)),
    promises: promises
      .filter(({ suite }) => chosen.includes(suite))
      .map(({ id, suite, statement, source }) => ({
        id,
        suite,
        statement,
        source: { ...source, document: documents[source.document] ?? source.document },
      })),
  };
}

const isPath = (word: string): boolean => word.includes('/') || suiteFile.test(word);

/** A folder's own boardwalk.config.ts, else the nearest one above; without one, boardwalk's defaults for that folder. */
async function selectPaths(paths: readonly string[], cwd: string): Promise<SuiteSelection> {
  const files: string[] = [];
  let config: string | undefined;
  for (const path of paths.map((word) => resolve(cwd, word))) {
    const found = await stat(path).catch((cause: unknown) => {
      throw new UsageError(`there is no suite at ${path}`, { advice: `boardwalk's own suites go by name: ${suiteNames.join(' ')}`, cause });
    });
    const inside = found.isDirectory()
      ? (await readdir(path, { recursive: true }))
          .filter((file) => suiteFile.test(file) && !file.includes('node_modules/'))
          .map((file) => join(path, file))
      : [path];
    if (inside.length === 0) throw new UsageError(`${path} holds no suite`, { advice: 'A suite is a file named *.suite.ts' });
    files.push(...inside);
    config ??= await configAbove(found.isDirectory() ? path : dirname(path));
  }
  if (config === undefined) {
    throw new UsageError(`no boardwalk.config.ts in ${dirname(files[0] ?? cwd)} or above`, {
      advice: "Write one:  import { defineConfig } from 'boardwalk'; export default defineConfig();",
    });
  }
  return { names: files.map((file) => basename(file).replace(suiteFile, '')), config, files, promises: [] };
}

async function configAbove(directory: string): Promise<string | undefined> {
  for (let at = directory; ; at = dirname(at)) {
    const found = (await readdir(at)).find((file) => /^boardwalk\.config\.[cm]?[jt]s$/.test(file));
    if (found !== undefined) return join(at, found);
    if (at === dirname(at)) return undefined;
  }
}
