import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { cacheEntry, defaultCacheDirectory } from '../cache.ts';
import { sha256OfFile } from '../sha256.ts';
import { runCommand } from './command.ts';
import { packageSources, suite } from './mirror.ts';

/** Debian's names. */
export type Architecture = 'amd64' | 'arm64' | 'armhf';

export interface DebianRootfsOptions {
  /** Debian package names. */
  packages: readonly string[];
  /**
   * `essential`: the packages, what they depend on and Debian's essential set, installed and configured.
   * `extract`: the packages and what they depend on, only unpacked: no maintainer script runs.
   */
  variant: 'essential' | 'extract';
  architecture: Architecture;
  /** A mirror's URL; default: the one this machine's apt uses for the suite, else mmdebstrap's own. */
  mirror?: string | undefined;
  /** Root of boardwalk's cache; default by XDG. */
  cacheDirectory?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Each line that mmdebstrap says. Not called if the tar is in the cache. */
  onProgress?: ((line: string) => void) | undefined;
}

/** 2024-01-01T00:00:00Z. Stands for “now” wherever a build would record the time. */
export const sourceDateEpoch = 1_704_067_200;

const mmdebstrapBudget = 30 * 60_000; // 30 s on two idle cores with a near mirror; half an hour on a slow line

/** dpkg leaves these out: nothing reads them in an image. */
const pathExcludes = [
  '/usr/share/doc/*',
  '/usr/share/man/*',
  '/usr/share/locale/*',
  '/usr/share/info/*',
  '/usr/share/lintian/*',
  '/usr/share/i18n/*',
];

/** Taken out again after the packages are configured: what is secret or differs from one build to the next. */
const removedAfterwards = 'rm -f "$1"/etc/ssh/ssh_host_*';

/**
 * Path of a tar with a Debian root file system, cached by what was asked for: a second call is offline and at once.
 * The same packages at the same versions give a byte-identical tar. Throws BuildCommandFailed, QemuMissing.
 */
export async function debianRootfs(options: DebianRootfsOptions): Promise<string> {
  const packages = [...new Set(options.packages)].sort();
  const asked = {
    suite,
    packages,
    variant: options.variant,
    architecture: options.architecture,
    pathExcludes,
    removedAfterwards,
    sourceDateEpoch,
  };
  const entry = await cacheEntry({
    parent: join(options.cacheDirectory ?? defaultCacheDirectory(), 'debian'),
    key: createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 16),
    signal: options.signal,
    onWait: () => options.onProgress?.('waiting for another build of the same packages'),
    build: async (directory) => {
      await bootstrap(join(directory, 'rootfs.tar'), packages, options);
      await writeFile(join(directory, 'rootfs.tar.sha256'), await sha256OfFile(join(directory, 'rootfs.tar')));
      await writeFile(join(directory, 'asked.json'), `${JSON.stringify(asked, undefined, 2)}\n`);
    },
  });
  return join(entry, 'rootfs.tar');
}

/** The sum of a tar's bytes that was taken when `debianRootfs` made it. */
export async function debianRootfsSum(tar: string): Promise<string> {
  return readFile(`${tar}.sha256`, 'utf8');
}

async function bootstrap(tar: string, packages: readonly string[], options: DebianRootfsOptions): Promise<void> {
  const sources = await packageSources(options.mirror, options.signal);
  // Beside the tar: what a killed build leaves is then removed with it by the next one.
  const scratch = join(dirname(tar), 'scratch');
  await mkdir(scratch);
  await runCommand(
    'mmdebstrap',
    [
      `--variant=${options.variant}`,
      `--architectures=${options.architecture}`,
      `--include=${packages.join(',')}`,
      '--format=tar',
      '--aptopt=APT::Install-Recommends "false"',
      '--aptopt=Acquire::Languages "none"',
      '--aptopt=Acquire::Retries "3"',
      ...pathExcludes.map((path) => `--dpkgopt=path-exclude=${path}`),
      '--dpkgopt=force-unsafe-io',
      `--customize-hook=${removedAfterwards}`,
      suite,
      tar,
      ...sources,
    ],
    {
      signal: options.signal,
      budget: mmdebstrapBudget,
      onLine: options.onProgress,
      environment: { TMPDIR: scratch, SOURCE_DATE_EPOCH: String(sourceDateEpoch) },
      advice: 'Check the network and that the mirror has Debian bookworm, or name another one with --mirror.',
    },
  );
  await rm(scratch, { recursive: true });
}
