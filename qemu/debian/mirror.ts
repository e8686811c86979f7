import { runCommand } from './command.ts';

/** The release that everything is built from. */
export const suite = 'bookworm';

const aptBudget = 30_000;

/** One index of packages that this machine's apt reads. */
export interface AptTarget {
  site: string;
  release: string;
  component: string;
}

/** Reads `apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)'`. */
export function parseIndexTargets(output: string): AptTarget[] {
  const targets = new Map<string, AptTarget>();
  for (const line of output.split('\n')) {
    const [site, release, component] = line.trim().split(/\s+/u);
    if (site === undefined || release === undefined || component === undefined) continue;
    targets.set(line.trim(), { site, release, component });
  }
  return [...targets.values()];
}

/**
 * Sources for the suite, as lines of a sources.list, from what the machine's apt is configured to use. Empty if that is another release
 * or distribution: then mmdebstrap's own default holds.
 */
export function sourcesFor(targets: readonly AptTarget[]): string[] {
  const ofSuite = targets.filter(({ release }) => release === suite || release.startsWith(`${suite}-`));
  if (!ofSuite.some(({ release, component }) => release === suite && component === 'main')) return [];
  return ofSuite
    .filter(({ component, release }) => component === 'main' && !release.endsWith('-backports'))
    .map(({ site, release }) => `deb ${site} ${release} main`);
}

/**
 * What mmdebstrap is told as its mirror: the one asked for, else what this machine's apt uses for the suite, else nothing,
 * which leaves the choice to mmdebstrap.
 */
export async function packageSources(mirror: string | undefined, signal: AbortSignal | undefined): Promise<string[]> {
  if (mirror !== undefined) return [mirror];
  const listed = await runCommand('apt-get', ['indextargets', '--format', '$(SITE) $(RELEASE) $(COMPONENT)', 'Created-By: Packages'], {
    signal,
    budget: aptBudget,
    advice: 'Name a package mirror with --mirror.',
  });
  return sourcesFor(parseIndexTargets(listed));
}
